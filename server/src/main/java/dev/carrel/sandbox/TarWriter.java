package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.carrel.process.FileNames;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.attribute.FileTime;
import java.time.temporal.ChronoUnit;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// A tar.gz with the names as the bytes that they are. Owners are those inside, by number.
final class TarWriter implements ArchiveWriter {
    private static final int BUFFER_BYTES = 1 << 16;

    private final Compression gzip;
    private final TarArchiveOutputStream tar;

    TarWriter(OutputStream out) throws IOException {
        gzip = new Compression(out);
        // Each byte of a name is one character of this encoding.
        tar = new TarArchiveOutputStream(gzip, ISO_8859_1.name());
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_TRUNCATE);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    }

    /// Fast rather than small: most of a workspace is small anyway.
    private static final class Compression extends GZIPOutputStream {
        private static final int LEVEL = 3;

        Compression(OutputStream out) throws IOException {
            super(out, BUFFER_BYTES);
            def.setLevel(LEVEL);
        }

        Deflater deflater() {
            return def;
        }
    }

    @Override
    public void file(TreeEntry entry, long size, InputStream content) throws IOException {
        TarArchiveEntry header = header(entry, TarConstants.LF_NORMAL, "");
        header.setSize(size);
        put(header);
        content.transferTo(tar);
        tar.closeArchiveEntry();
    }

    @Override
    public void other(TreeEntry entry) throws IOException {
        boolean directory = entry.stat().type() == FileStat.Type.DIRECTORY;
        TarArchiveEntry header =
                directory
                        ? header(entry, TarConstants.LF_DIR, "/")
                        : header(entry, TarConstants.LF_SYMLINK, "");
        entry.linkTarget().ifPresent(target -> header.setLinkName(bytes(target)));
        put(header);
        tar.closeArchiveEntry();
    }

    /// Long names come before their entry, as GNU has it. The library would do so as well, in time
    /// that grows with the square of the name.
    private void put(TarArchiveEntry header) throws IOException {
        if (header.getLinkName().length() >= TarConstants.NAMELEN) {
            putLong(TarConstants.LF_GNUTYPE_LONGLINK, header.getLinkName());
            header.setLinkName(header.getLinkName().substring(0, TarConstants.NAMELEN));
        }
        if (header.getName().length() >= TarConstants.NAMELEN) {
            putLong(TarConstants.LF_GNUTYPE_LONGNAME, header.getName());
            header.setName(header.getName().substring(0, TarConstants.NAMELEN));
        }
        tar.putArchiveEntry(header);
    }

    private void putLong(byte kind, String name) throws IOException {
        byte[] bytes = (name + '\0').getBytes(ISO_8859_1);
        var header = new TarArchiveEntry(TarConstants.GNU_LONGLINK, kind);
        header.setNames("", "");
        header.setSize(bytes.length);
        tar.putArchiveEntry(header);
        tar.write(bytes);
        tar.closeArchiveEntry();
    }

    private static TarArchiveEntry header(TreeEntry entry, byte kind, String end) {
        String name = entry.name().isEmpty() ? "./" : "./" + bytes(entry.name()) + end;
        var header = new TarArchiveEntry(name, kind, true);
        FileStat stat = entry.stat();
        header.setMode(stat.mode());
        header.setIds(stat.owner(), stat.group());
        // Names of the server's own users would be filled in.
        header.setNames("", "");
        header.setLastModifiedTime(
                FileTime.from(stat.modifiedAt().truncatedTo(ChronoUnit.SECONDS)));
        return header;
    }

    private static String bytes(String name) {
        return new String(FileNames.encode(name), ISO_8859_1);
    }

    @Override
    public void finish() throws IOException {
        tar.finish();
        gzip.finish();
    }

    @Override
    public void close() {
        gzip.deflater().end();
    }
}
