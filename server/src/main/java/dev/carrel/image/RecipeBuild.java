package dev.carrel.image;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.carrel.image.Images.Progress;
import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Makes one image once: in a folder beside its place, under a lock that all processes respect,
/// renamed when complete.
final class RecipeBuild {
    private static final String HALF = ".building-";
    private static final int DIGEST_CHARACTERS = 16;
    private static final Progress WAITING = new Progress(0, "waiting for another build to end");
    private static final Duration DELETE_TIMEOUT = Duration.ofMinutes(5);
    private static final Path HOST_AUTHORITIES = Path.of("/usr/local/share/ca-certificates");

    /// A file lock excludes other processes only; these exclude other threads of this one.
    private static final Map<Path, ReentrantLock> BUILDING = new ConcurrentHashMap<>();

    private final Recipe recipe;
    private final Path folder;

    /// `folder` holds all versions of this image.
    RecipeBuild(Recipe recipe, Path folder) {
        this.recipe = recipe;
        this.folder = folder;
    }

    Optional<BuiltImage> existing() throws IOException {
        return BuiltImage.read(folder.resolve(digest()));
    }

    BuiltImage run(Consumer<Progress> progress) throws IOException {
        Optional<BuiltImage> there = existing();
        if (there.isPresent()) {
            return there.get();
        }
        Bootstrap.check();
        Files.createDirectories(folder);
        ReentrantLock threads = BUILDING.computeIfAbsent(folder, path -> new ReentrantLock());
        if (!threads.tryLock()) {
            progress.accept(WAITING);
            threads.lock();
        }
        try (FileChannel lock = FileChannel.open(folder.resolve(".lock"), CREATE, WRITE)) {
            if (lock.tryLock() == null) {
                progress.accept(WAITING);
                // Whoever holds it has a timeout.
                lock.lock();
            }
            there = existing();
            return there.isPresent() ? there.get() : build(progress);
        } finally {
            threads.unlock();
        }
    }

    private BuiltImage build(Consumer<Progress> progress) throws IOException {
        clearHalves();
        String digest = digest();
        Path half = Files.createDirectory(folder.resolve(HALF + digest));
        boolean complete = false;
        try {
            Bootstrap.run(recipe, AptSources.ofHost(), half, progress);
            Path place = folder.resolve(digest);
            var image = BuiltImage.ofRecipe(place.resolve("root"), size(half), Instant.now());
            image.write(half);
            flush(half);
            // What lies there without image.json is damaged, or it would have been taken.
            delete(place);
            Files.move(half, place, StandardCopyOption.ATOMIC_MOVE);
            complete = true;
            progress.accept(new Progress(1, "done"));
            return image;
        } finally {
            if (!complete) {
                delete(half);
            }
        }
    }

    private void clearHalves() throws IOException {
        try (Stream<Path> children = Files.list(folder)) {
            for (Path child : children.toList()) {
                if (String.valueOf(child.getFileName()).startsWith(HALF)) {
                    delete(child);
                }
            }
        }
    }

    /// All that decides what comes out, the packages' versions excepted.
    private String digest() throws IOException {
        var text = new StringBuilder(recipe.text());
        text.append('\0').append(AptSources.suiteOfHost());
        text.append('\0').append(System.getProperty("os.arch"));
        if (Files.isDirectory(HOST_AUTHORITIES)) {
            try (Stream<Path> files = Files.list(HOST_AUTHORITIES)) {
                for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                    text.append('\0').append(Files.readString(file, StandardCharsets.ISO_8859_1));
                }
            }
        }
        return Digest.of(text.toString().getBytes(StandardCharsets.UTF_8))
                .hex()
                .substring(0, DIGEST_CHARACTERS);
    }

    private static long size(Path tree) throws IOException {
        var bytes = new long[1];
        Files.walkFileTree(
                tree,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        bytes[0] += attributes.isRegularFile() ? attributes.size() : 0;
                        return FileVisitResult.CONTINUE;
                    }
                });
        return bytes[0];
    }

    // dpkg was told not to sync, so power loss after the rename could leave empty files.
    private static void flush(Path tree) throws IOException {
        HostCommand.of(List.of("sync", "-f", tree.toString()))
                .withTimeout(DELETE_TIMEOUT)
                .run()
                .orFail();
        Files.setPosixFilePermissions(tree, PosixFilePermissions.fromString("rwx------"));
    }

    // Not by Java: a tree of a hostile or broken build may hold anything, mounts included.
    private static void delete(Path tree) throws IOException {
        HostCommand.of("rm", "-rf", "--one-file-system", "--", tree.toString())
                .withTimeout(DELETE_TIMEOUT)
                .run()
                .orFail();
    }
}
