package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.BulkInput;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Packs a tree of a sandbox into an archive. The tree is hostile and may change as it is read: a
/// file is as long as it was when it was opened, and sockets, FIFOs and devices are left out.
public final class Packing {
    /// Of the content of all files. A file without content can claim any size.
    public static final long BYTES_MAX = 64L << 30;

    private static final Logger LOG = LoggerFactory.getLogger(Packing.class);

    /// Files up to this size are read before their size is written, so that it is right.
    private static final int WHOLE_BYTES_MAX = 256 << 10;

    private final ArchiveWriter writer;
    private final String topName;
    private long bytes;

    private Packing(ArchiveWriter writer, String topName) {
        this.writer = writer;
        this.topName = topName;
    }

    /// Writes `path` with all below it to `out`, which stays open. Names are relative to `path`; a
    /// file stands in the archive by its own name. Fails as [SandboxFiles#walk] does, with
    /// `CONFLICT` beyond the limits, and with `UncheckedIOException` when `out` does; then the
    /// archive is not whole.
    public static void pack(
            SandboxFiles files, String path, ArchiveFormat format, OutputStream out) {
        String name = path.replaceAll("/+$", "");
        name = name.substring(name.lastIndexOf('/') + 1);
        try (ArchiveWriter writer = writer(format, out)) {
            var packing = new Packing(writer, name);
            files.walk(path, packing::add);
            writer.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ArchiveWriter writer(ArchiveFormat format, OutputStream out) throws IOException {
        return switch (format) {
            case TAR_GZ -> new TarWriter(out);
            case ZIP -> new ZipWriter(out);
        };
    }

    private void add(TreeEntry entry) {
        try {
            switch (entry.stat().type()) {
                case FILE -> addFile(entry.name().isEmpty() ? named(entry) : entry);
                case DIRECTORY, SYMLINK -> writer.other(entry);
                case OTHER -> LOG.debug("left out of an archive: {}", entry.stat().path());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private TreeEntry named(TreeEntry entry) {
        return new TreeEntry(topName, entry.stat(), entry.linkTarget(), entry.content());
    }

    private void addFile(TreeEntry entry) throws IOException {
        long size = entry.stat().sizeBytes();
        bytes += size;
        if (bytes > BYTES_MAX) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "the files are longer than %d bytes together, with %s"
                            .formatted(BYTES_MAX, entry.stat().path()));
        }
        if (size <= WHOLE_BYTES_MAX) {
            byte[] whole = entry.content().readAllBytes();
            writer.file(entry, whole.length, new ByteArrayInputStream(whole));
        } else {
            // A file that is cut now ends in zeros, as with any tar.
            var zeros = new Zeros(size);
            var padded = new SequenceInputStream(zeros.counting(entry.content()), zeros);
            writer.file(entry, size, padded);
            if (zeros.given() > 0) {
                LOG.warn("a file was cut while it was packed; {} zeros follow", zeros.given());
            }
        }
    }

    /// What is missing of a file, as zeros.
    private static final class Zeros extends BulkInput {
        private long missing;
        private long given;

        Zeros(long size) {
            this.missing = size;
        }

        InputStream counting(InputStream content) {
            return new FilterInputStream(content) {
                @Override
                public int read(byte[] buffer, int offset, int length) throws IOException {
                    int n = super.read(buffer, offset, length);
                    missing -= Math.max(n, 0);
                    return n;
                }
            };
        }

        long given() {
            return given;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) {
            if (missing == 0) {
                return -1;
            }
            int n = (int) Math.min(length, missing);
            Arrays.fill(buffer, offset, offset + n, (byte) 0);
            missing -= n;
            given += n;
            return n;
        }
    }
}
