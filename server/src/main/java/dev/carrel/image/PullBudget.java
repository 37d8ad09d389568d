package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/// What the layers of one image may take together. Any thread may use it.
final class PullBudget {
    static final long BYTES_MAX = 20L << 30;
    static final long ENTRIES_MAX = 2_000_000;

    /// What the host keeps for itself.
    static final long RESERVE_BYTES = 1L << 30;

    private static final long LOOK_EVERY_BYTES = 64L << 20;

    private final FileStore disk;
    private final long bytesMax;
    private final long entriesMax;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong entries = new AtomicLong();

    PullBudget(Path folder, long bytesMax, long entriesMax) throws IOException {
        this.disk = Files.getFileStore(folder);
        this.bytesMax = bytesMax;
        this.entriesMax = entriesMax;
        look();
    }

    static PullBudget in(Path folder) throws IOException {
        return new PullBudget(folder, BYTES_MAX, ENTRIES_MAX);
    }

    /// Fails at once where so many more bytes would be too many.
    void announced(long count) {
        if (count > bytesMax - bytes.get()) {
            throw tooBig();
        }
    }

    /// Before so many bytes are written.
    void bytes(long count) throws IOException {
        long before = bytes.getAndAdd(count);
        if (before + count > bytesMax) {
            throw tooBig();
        }
        if (before / LOOK_EVERY_BYTES != (before + count) / LOOK_EVERY_BYTES) {
            look();
        }
    }

    private CarrelException tooBig() {
        return new CarrelException(
                ErrorCode.IMAGE_INVALID,
                "the image has more than %d MB unpacked, which is the limit"
                        .formatted(bytesMax >> 20));
    }

    void entry() {
        if (entries.incrementAndGet() > entriesMax) {
            throw new CarrelException(
                    ErrorCode.IMAGE_INVALID,
                    "the image has more than " + entriesMax + " files, which is the limit");
        }
    }

    private void look() throws IOException {
        if (disk.getUsableSpace() < RESERVE_BYTES) {
            throw new CarrelException(
                    ErrorCode.DISK_FULL,
                    "the host's disk for images has less than %d MB left: run `carrel images prune`,"
                                    .formatted(RESERVE_BYTES >> 20)
                            + " or make room");
        }
    }
}
