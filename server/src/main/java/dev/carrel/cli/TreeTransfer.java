package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/// Takes a folder out of a sandbox as one archive. What a sandbox says is hostile: nothing is
/// written outside of the target or through a link, and only plain files and folders are taken.
final class TreeTransfer {
    private static final int EXECUTABLE = 0100;

    private TreeTransfer() {}

    /// Returns how many files were written.
    static int download(CarrelClient client, String sandbox, String path, Path target)
            throws IOException {
        int files = 0;
        Path top = Files.createDirectories(target).toRealPath();
        try (InputStream packed = client.sandboxes().pack(sandbox, path);
                var tar = new TarArchiveInputStream(new GZIPInputStream(packed), "UTF-8")) {
            for (TarArchiveEntry entry = tar.getNextEntry();
                    entry != null;
                    entry = tar.getNextEntry()) {
                Path place = place(top, entry.getName());
                if (entry.isDirectory()) {
                    Files.createDirectories(place);
                } else if (entry.isFile() && !entry.isSymbolicLink() && !entry.isLink()) {
                    Files.copy(tar, place, StandardCopyOption.REPLACE_EXISTING);
                    markExecutable(place, entry);
                    files++;
                }
            }
        }
        return files;
    }

    /// Where an entry goes. No parent may be a link, whoever made it.
    private static Path place(Path top, String name) {
        Path relative = Path.of(name).normalize();
        if (relative.isAbsolute() || relative.startsWith("..")) {
            throw outside(name);
        }
        Path place = top;
        for (Path part : relative) {
            if (Files.isSymbolicLink(place) && !place.equals(top)) {
                throw outside(name);
            }
            place = place.resolve(part);
        }
        return place.normalize();
    }

    private static CarrelException outside(String name) {
        return new CarrelException(
                ErrorCode.INVALID_PATH, "the sandbox named an entry outside: " + name);
    }

    private static void markExecutable(Path file, TarArchiveEntry entry) throws IOException {
        boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
        if (posix && (entry.getMode() & EXECUTABLE) != 0) {
            Set<PosixFilePermission> all =
                    Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
            all.add(PosixFilePermission.OWNER_EXECUTE);
            Files.setPosixFilePermissions(file, all);
        }
    }
}
