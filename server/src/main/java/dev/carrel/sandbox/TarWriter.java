package dev.carrel.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/// A tar.gz with the names as the bytes that they are. Owners are those inside, by number.
final class TarWriter implements ArchiveWriter {
    private static final int BUFFER_BYTES = 1 << 16;

    private final Compression gzip;
    private final TarOutput tar;

    TarWriter(OutputStream out) throws IOException {
        gzip = new Compression(out);
        tar = new TarOutput(gzip);
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
        tar.file(entry.name(), attributes(entry), size, content);
    }

    @Override
    public void other(TreeEntry entry) throws IOException {
        if (entry.stat().type() == FileStat.Type.DIRECTORY) {
            tar.directory(entry.name(), attributes(entry));
        } else {
            tar.symlink(entry.name(), attributes(entry), entry.linkTarget().orElse(""));
        }
    }

    private static TarOutput.Attributes attributes(TreeEntry entry) {
        FileStat stat = entry.stat();
        return new TarOutput.Attributes(stat.mode(), stat.owner(), stat.group(), stat.modifiedAt());
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
