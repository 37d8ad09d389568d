package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/// Unpacks a `.carrel` folder sent as tar.gz, in memory. The archive may be hostile: everything in
/// it is bounded, and what is not a plain file below the folder is refused.
final class AgentsArchive {
    static final int PACKED_BYTES_MAX = 8 << 20;
    static final int UNPACKED_BYTES_MAX = 16 << 20;
    static final int ENTRIES_MAX = 2_000;
    static final int PATH_CHARS_MAX = 500;

    private static final String FOLDER = ".carrel/";

    private AgentsArchive() {}

    /// Relative path → content. A leading `./` or `.carrel/` is taken off.
    static Map<String, byte[]> read(InputStream packed) {
        var files = new TreeMap<String, byte[]>();
        try (var gzip = new GzipCompressorInputStream(packed);
                var tar = new TarArchiveInputStream(new Bounded(gzip))) {
            int entries = 0;
            for (TarArchiveEntry entry = tar.getNextEntry();
                    entry != null;
                    entry = tar.getNextEntry()) {
                entries++;
                if (entries > ENTRIES_MAX) {
                    throw refused("has more than " + ENTRIES_MAX + " entries");
                }
                add(files, entry, tar);
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST,
                    "The body is not a whole tar.gz archive; send the .carrel folder packed with"
                            + " tar -czf",
                    e);
        }
        return files;
    }

    private static void add(
            Map<String, byte[]> files, TarArchiveEntry entry, TarArchiveInputStream tar)
            throws IOException {
        String path = path(entry.getName());
        if (entry.isDirectory()) {
            return;
        }
        boolean plain =
                entry.getLinkFlag() == TarConstants.LF_NORMAL
                        || entry.getLinkFlag() == TarConstants.LF_OLDNORM;
        if (!plain || entry.isSparse()) {
            throw refused("holds " + shown(path) + ", which is not a plain file");
        }
        if (files.put(path, tar.readAllBytes()) != null) {
            throw refused("holds " + shown(path) + " twice");
        }
    }

    private static String path(String name) {
        String path = name;
        while (path.startsWith("./")) {
            path = path.substring(2);
        }
        if (path.startsWith(FOLDER)) {
            path = path.substring(FOLDER.length());
        }
        boolean climbs = Arrays.asList(path.split("/", -1)).contains("..");
        if (climbs
                || path.startsWith("/")
                || path.contains("\\")
                || path.length() > PATH_CHARS_MAX
                || path.chars().anyMatch(Character::isISOControl)) {
            throw refused("holds the path " + shown(name) + ", which is not allowed");
        }
        return path;
    }

    private static String shown(String path) {
        String start = path.length() > 80 ? path.substring(0, 80) + "…" : path;
        return "\"" + start.replaceAll("\\p{Cntrl}", "?") + "\"";
    }

    private static CarrelException refused(String what) {
        return new CarrelException(ErrorCode.INVALID_REQUEST, "The archive " + what);
    }

    /// Counts what comes out of the compression, headers included, before anything is kept.
    private static final class Bounded extends FilterInputStream {
        private long bytesLeft = UNPACKED_BYTES_MAX;

        Bounded(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            count(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = super.read(buffer, offset, length);
            count(Math.max(0, count));
            return count;
        }

        @Override
        public long skip(long bytes) throws IOException {
            long skipped = super.skip(Math.min(bytes, bytesLeft + 1));
            count(skipped);
            return skipped;
        }

        private void count(long bytes) {
            bytesLeft -= bytes;
            if (bytesLeft < 0) {
                throw refused("unpacks to more than " + UNPACKED_BYTES_MAX + " bytes");
            }
        }
    }
}
