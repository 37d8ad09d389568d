package dev.carrel.store;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/// The driver unpacks its native library at each start and removes it when the process ends in
/// order. In a folder of ours, what kill -9 leaves is found by the next start; `/tmp` would fill
/// up, and may forbid programs.
final class SqliteLibrary {
    private static final String FOLDER_PROPERTY = "org.sqlite.tmpdir";

    private SqliteLibrary() {}

    /// Called before the driver is first used, by the only process that uses this folder. A process
    /// that has loaded the library does not need the file any more.
    static void unpackInto(Path folder) {
        try {
            if (Files.notExists(folder)) {
                Files.createDirectory(
                        folder,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
            }
            try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, "sqlite-*")) {
                for (Path file : left) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "the data folder cannot be written: check its owner and that its disk has room",
                    e);
        }
        System.setProperty(FOLDER_PROPERTY, folder.toAbsolutePath().toString());
    }
}
