package dev.carrel.image;

import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/// One image on disk: `root/`, `image.json`, and `users/` with a file for each user. A user is any
/// path of the host, written in its file; as long as that path exists, the image is in use. So
/// nothing is forgotten by a crash, and nothing has to be given back.
record ImageFolder(Path path) {
    private static final Duration TIMEOUT = Duration.ofMinutes(10);
    private static final int NAME_CHARS = 32;

    Path root() {
        return path.resolve("root");
    }

    private Path users() {
        return path.resolve("users");
    }

    /// Under the [StoreLock]. `user` must exist.
    void addUser(Path user) throws IOException {
        Files.createDirectories(users());
        Files.writeString(userFile(user), user.toString());
        touch();
    }

    void removeUser(Path user) throws IOException {
        Files.deleteIfExists(userFile(user));
    }

    private Path userFile(Path user) {
        byte[] text = user.toString().getBytes(StandardCharsets.UTF_8);
        return users().resolve(Digest.of(text).hex().substring(0, NAME_CHARS));
    }

    /// How many use it; under the [StoreLock] to act on it.
    int userCount() throws IOException {
        int count = 0;
        for (Path file : userFiles()) {
            count += isThere(file) ? 1 : 0;
        }
        return count;
    }

    /// Forgets users that are gone, which is no use. Under the [StoreLock].
    void forgetGone() throws IOException {
        if (!Files.isDirectory(users())) {
            return;
        }
        FileTime lastUsed = Files.getLastModifiedTime(users());
        for (Path file : userFiles()) {
            if (!isThere(file)) {
                Files.deleteIfExists(file);
            }
        }
        Files.setLastModifiedTime(users(), lastUsed);
    }

    private List<Path> userFiles() throws IOException {
        if (!Files.isDirectory(users())) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(users())) {
            return files.toList();
        }
    }

    // A process that died in the middle of writing it has not begun to use anything.
    private static boolean isThere(Path userFile) throws IOException {
        try {
            String user = Files.readString(userFile);
            return !user.isEmpty() && Files.exists(Path.of(user));
        } catch (NoSuchFileException e) {
            return false; // forgotten meanwhile
        }
    }

    private void touch() throws IOException {
        Files.setLastModifiedTime(users(), FileTime.from(Instant.now()));
    }

    /// When it was made, or last begun to be used.
    Instant lastUsed() throws IOException {
        Path newest = Files.isDirectory(users()) ? users() : path;
        return Files.getLastModifiedTime(newest).toInstant();
    }

    /// To disk, so that power loss after a rename cannot leave empty files; and closed to the
    /// host's users.
    static void flush(Path tree) throws IOException {
        HostCommand.of(List.of("sync", "-f", tree.toString())).withTimeout(TIMEOUT).run().orFail();
        Files.setPosixFilePermissions(tree, PosixFilePermissions.fromString("rwx------"));
    }

    // Not by Java: a tree of a hostile or broken build may hold anything, mounts included.
    static void delete(Path tree) throws IOException {
        HostCommand.of("rm", "-rf", "--one-file-system", "--", tree.toString())
                .withTimeout(TIMEOUT)
                .run()
                .orFail();
    }
}
