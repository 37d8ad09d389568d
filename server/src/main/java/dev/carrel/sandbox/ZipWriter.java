package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.FileNames;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;

/// A zip with modes and links as Info-ZIP writes them. Its names are text: of others, the odd bytes
/// are escaped with percent signs.
final class ZipWriter implements ArchiveWriter {
    /// The list of all entries comes last and is collected in memory.
    static final int ENTRIES_MAX = 100_000;

    private static final int DIRECTORY = 0040000;
    private static final int LINK = 0120000;
    private static final int FILE = 0100000;

    private final ZipArchiveOutputStream zip;
    private int entries;

    ZipWriter(OutputStream out) {
        zip = new ZipArchiveOutputStream(out);
        zip.setEncoding(UTF_8.name());
    }

    @Override
    public void file(TreeEntry entry, long size, InputStream content) throws IOException {
        put(entry, name(entry), FILE | entry.stat().mode(), size, content);
    }

    @Override
    public void other(TreeEntry entry) throws IOException {
        int mode = entry.stat().mode();
        if (entry.linkTarget().isPresent()) {
            byte[] target = FileNames.encode(entry.linkTarget().get());
            var content = new ByteArrayInputStream(target);
            put(entry, name(entry), LINK | mode, target.length, content);
        } else if (!entry.name().isEmpty()) {
            InputStream none = InputStream.nullInputStream();
            put(entry, name(entry) + "/", DIRECTORY | mode, 0, none);
        }
    }

    private void put(TreeEntry entry, String name, int mode, long size, InputStream content)
            throws IOException {
        if (++entries > ENTRIES_MAX) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "there are more than %d entries; ask for a tar.gz".formatted(ENTRIES_MAX));
        }
        var header = new ZipArchiveEntry(name);
        header.setUnixMode(mode);
        header.setTime(entry.stat().modifiedAt().toEpochMilli());
        header.setSize(size);
        zip.putArchiveEntry(header);
        content.transferTo(zip);
        zip.closeArchiveEntry();
    }

    private static String name(TreeEntry entry) {
        String name = entry.name();
        return FileNames.isText(name) ? name : FileNames.escaped(name);
    }

    @Override
    public void finish() throws IOException {
        zip.finish();
        zip.flush();
    }

    @Override
    public void close() {
        // All that it holds is memory.
    }
}
