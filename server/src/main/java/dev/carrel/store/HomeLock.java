package dev.carrel.store;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// Keeps a second process away from a database. The kernel drops the lock with the process, however
/// it ends; the file stays, because removing it would race with the next owner.
final class HomeLock implements AutoCloseable {
    private static final int PID_BYTES_MAX = 32;
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final FileChannel channel;

    private HomeLock(FileChannel channel) {
        this.channel = channel;
    }

    /// Also creates an absent database file, so that nobody but its owner can read it or the log
    /// beside it, which takes over its mode.
    static HomeLock acquire(Path database) {
        try {
            Path file = database.resolveSibling(database.getFileName() + ".lock");
            FileChannel channel =
                    FileChannel.open(
                            file,
                            Set.of(
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.READ,
                                    StandardOpenOption.WRITE),
                            OWNER_ONLY);
            try {
                lock(channel, file);
                if (Files.notExists(database)) {
                    Files.createFile(database, OWNER_ONLY);
                }
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            return new HomeLock(channel);
        } catch (IOException e) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "the data folder cannot be written: check that it exists, its owner and that"
                            + " its disk has room",
                    e);
        }
    }

    private static void lock(FileChannel channel, Path file) throws IOException {
        if (!tryLock(channel)) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "the data folder is in use by "
                            + owner(channel)
                            + "; stop that one first, or give this one a folder of its own with"
                            + " --home or CARREL_HOME",
                    new IOException("locked: " + file));
        }
        channel.truncate(0);
        channel.write(ascii(Long.toString(ProcessHandle.current().pid())), 0);
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // this very process has it open
        }
    }

    private static String owner(FileChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(PID_BYTES_MAX);
        channel.read(buffer, 0);
        String pid = StandardCharsets.US_ASCII.decode(buffer.flip()).toString();
        return pid.matches("[0-9]+") ? "process " + pid : "another process";
    }

    private static ByteBuffer ascii(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
