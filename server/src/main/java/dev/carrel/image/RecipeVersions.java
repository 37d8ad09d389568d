package dev.carrel.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The versions of each recipe's image, folders of one folder. Which is the newest is remembered,
/// since each start of a sandbox asks: versions come and go by a rename into or out of the folder,
/// which its time of change tells. Any thread may call it.
final class RecipeVersions {
    /// A folder that changed so recently may change again without another time to show for it.
    private static final Duration SETTLED = Duration.ofSeconds(1);

    private record Known(FileTime changed, BuiltImage newest) {}

    private final ConcurrentHashMap<Path, Known> known = new ConcurrentHashMap<>();

    /// Empty when none is whole.
    Optional<BuiltImage> newest(Path folder) {
        Optional<FileTime> changed = changed(folder);
        if (changed.isEmpty()) {
            known.remove(folder);
            return Optional.empty();
        }
        Known last = known.get(folder);
        if (last != null
                && last.changed().equals(changed.get())
                && Files.isDirectory(last.newest().root())) {
            return Optional.of(last.newest());
        }
        Optional<BuiltImage> newest = look(folder);
        if (newest.isPresent() && changed.get().toInstant().plus(SETTLED).isBefore(Instant.now())) {
            known.put(folder, new Known(changed.get(), newest.get()));
        }
        return newest;
    }

    private static Optional<FileTime> changed(Path folder) {
        try {
            return Optional.of(Files.getLastModifiedTime(folder));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The same, from the disk alone.
    static Optional<BuiltImage> look(Path folder) {
        return Images.folders(folder).stream()
                .flatMap(version -> BuiltImage.read(version).stream())
                .max(Comparator.comparing(BuiltImage::builtAt));
    }
}
