package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.time.Instant;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// Reads the entries of a tar.
final class TarUnpacking {
    /// Of all that comes before the content of an entry: long names and attributes, which are read
    /// into memory.
    private static final long HEAD_BYTES_MAX = 1 << 20;

    private final CountedStream in;
    private final UnpackTarget target;

    TarUnpacking(CountedStream in, UnpackTarget target) {
        this.in = in;
        this.target = target;
    }

    /// What follows the archive can be read from its stream afterwards.
    @SuppressWarnings("resource")
    void unpack() throws IOException {
        var tar = new TarArchiveInputStream(in, UTF_8.name());
        while (true) {
            in.allow(HEAD_BYTES_MAX);
            TarArchiveEntry entry = tar.getNextEntry();
            in.allow(Long.MAX_VALUE);
            if (entry == null) {
                return;
            }
            add(entry, tar);
        }
    }

    private void add(TarArchiveEntry entry, TarArchiveInputStream tar) {
        var head =
                new UnpackTarget.Head(
                        entry.getName(),
                        entry.getMode(),
                        entry.getLongUserId(),
                        entry.getLongGroupId(),
                        modified(entry));
        switch (entry.getLinkFlag()) {
            case TarConstants.LF_SYMLINK -> target.symlink(head, entry.getLinkName());
            case TarConstants.LF_LINK -> target.hardLink(head, entry.getLinkName());
            case TarConstants.LF_DIR -> target.directory(head);
            case TarConstants.LF_NORMAL,
                    TarConstants.LF_OLDNORM,
                    TarConstants.LF_CONTIG,
                    TarConstants.LF_GNUTYPE_SPARSE -> {
                if (entry.isDirectory()) {
                    target.directory(head); // old tars tell by a slash at the end
                } else {
                    target.file(head, tar);
                }
            }
            default ->
                    throw UnpackTarget.refused(
                            entry.getName(),
                            "is a device, a FIFO or something else that is no file");
        }
    }

    private static Instant modified(TarArchiveEntry entry) {
        Instant time = entry.getLastModifiedTime().toInstant();
        return time.isBefore(Instant.EPOCH) ? Instant.EPOCH : time;
    }
}
