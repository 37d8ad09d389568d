package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.FileNames;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Objects;

/// Paths inside a folder that plays the root directory: neither `..` nor a link leads out of it.
final class FakePaths {
    private static final int PATH_BYTES_MAX = 4095;
    private static final int LINKS_MAX = 40;

    private final Path root;

    FakePaths(Path root) {
        this.root = root;
    }

    boolean isRoot(Path resolved) {
        return resolved.equals(root);
    }

    /// The path as its sandbox writes it. Fails with `INVALID_PATH`.
    Path normal(String path) {
        if (!path.startsWith("/")) {
            throw invalid("the path must be absolute: " + path);
        }
        if (path.indexOf('\0') >= 0 || path.length() > PATH_BYTES_MAX) {
            throw invalid("the path has a NUL byte or is longer than " + PATH_BYTES_MAX);
        }
        if (!FileNames.isText(path)) {
            throw invalid("a fake sandbox has only names that are text");
        }
        Path normal = Path.of(path).normalize();
        if (normal.startsWith("/proc") || normal.startsWith("/sys")) {
            throw invalid("the files of " + normal + " cannot be accessed");
        }
        return normal;
    }

    /// Where on the host it is; a link in the last place is followed only if `follow`.
    Path resolve(String path, boolean follow) {
        normal(path);
        var ahead = new ArrayDeque<Path>();
        Path.of(path).forEach(ahead::addLast);
        Path place = root;
        int links = 0;
        while (!ahead.isEmpty()) {
            Path name = ahead.removeFirst();
            if (name.toString().equals("..")) {
                place = isRoot(place) ? root : parent(place);
                continue;
            }
            Path next = place.resolve(name);
            if (!Files.isSymbolicLink(next) || (ahead.isEmpty() && !follow)) {
                place = next.normalize();
                continue;
            }
            if (++links > LINKS_MAX) {
                throw invalid("too many symbolic links in " + path);
            }
            Path target = readLink(next);
            place = target.isAbsolute() ? root : place;
            for (int i = target.getNameCount() - 1; i >= 0; i--) {
                ahead.addFirst(target.getName(i));
            }
        }
        return place;
    }

    private static Path parent(Path place) {
        return Objects.requireNonNull(place.getParent());
    }

    static CarrelException invalid(String message) {
        return CarrelException.ofParam(ErrorCode.INVALID_PATH, "path", message);
    }

    private static Path readLink(Path link) {
        try {
            return Files.readSymbolicLink(link);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
