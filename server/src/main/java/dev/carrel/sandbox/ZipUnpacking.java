package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Collections;
import java.util.UUID;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/// Reads a zip, whose list of entries with their modes and links comes last: it is kept in the
/// sandbox meanwhile, on its own disk and within its own limits.
final class ZipUnpacking {
    /// The list of entries is held in memory.
    static final long DIRECTORY_BYTES_MAX = 16 << 20;

    private static final int LINK_BYTES_MAX = 4_095;

    private final SandboxFiles files;
    private final String path;
    private final Unpacking.Rules rules;

    ZipUnpacking(SandboxFiles files, String path, Unpacking.Rules rules) {
        this.files = files;
        this.path = path;
        this.rules = rules;
    }

    Unpacked unpack(InputStream archive) throws IOException {
        String place = (path.endsWith("/") ? path : path + "/") + ".carrel_" + UUID.randomUUID();
        long size = files.write(place, archive).sizeBytes();
        try (OpenFile file = files.open(place)) {
            // From here on, it has no name in the sandbox, and nobody there changes it.
            files.delete(place);
            return unpack(new FileChannelView(file, size), size);
        }
    }

    private Unpacked unpack(FileChannelView channel, long size) throws IOException {
        channel.allow(DIRECTORY_BYTES_MAX);
        try (ZipFile zip =
                ZipFile.builder()
                        .setSeekableByteChannel(channel)
                        .setCharset(UTF_8)
                        .setIgnoreLocalFileHeader(true)
                        .get()) {
            channel.allow(Long.MAX_VALUE);
            var result = new Unpacked[1];
            files.writeTree(
                    path,
                    writer -> {
                        var target = new UnpackTarget(writer, rules, () -> size);
                        result[0] = target.report(() -> addAll(zip, target));
                    });
            return result[0];
        }
    }

    private static void addAll(ZipFile zip, UnpackTarget target) throws IOException {
        for (ZipArchiveEntry entry : Collections.list(zip.getEntriesInPhysicalOrder())) {
            var head =
                    new UnpackTarget.Head(
                            entry.getName(),
                            entry.getUnixMode() == 0 ? -1 : entry.getUnixMode(),
                            0,
                            0,
                            Instant.ofEpochMilli(Math.max(0, entry.getTime())));
            if (entry.isDirectory()) {
                target.directory(head);
            } else if (entry.isUnixSymlink()) {
                target.symlink(head, link(zip, entry));
            } else if (zip.canReadEntryData(entry)) {
                try (InputStream content = zip.getInputStream(entry)) {
                    target.file(head, content);
                }
            } else {
                throw UnpackTarget.refused(
                        entry.getName(), "is encrypted, or packed in a way that is not known here");
            }
        }
    }

    private static String link(ZipFile zip, ZipArchiveEntry entry) throws IOException {
        try (InputStream content = zip.getInputStream(entry)) {
            byte[] bytes = content.readNBytes(LINK_BYTES_MAX + 1);
            if (bytes.length > LINK_BYTES_MAX) {
                throw UnpackTarget.refused(entry.getName(), "is a link that is too long");
            }
            return new String(bytes, UTF_8);
        }
    }

    static CarrelException tooMany() {
        return new CarrelException(
                ErrorCode.INVALID_REQUEST,
                "The list of the zip's entries is longer than %d bytes; send a tar.gz"
                        .formatted(DIRECTORY_BYTES_MAX));
    }
}
