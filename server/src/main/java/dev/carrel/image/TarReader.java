package dev.carrel.image;

import dev.carrel.process.FileNames;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// Reads layers, which are tar files as Go writes them: ustar, pax and GNU's long names (POSIX.1
/// "pax", GNU tar manual, "Basic Tar Format"). Not by a library, because those read a header of any
/// length into memory: here everything is bounded, however hostile the layer.
final class TarReader {
    /// Of one extended header: a path of 4 KiB and some attributes.
    static final int EXTENSION_BYTES_MAX = 1 << 20;

    /// Extended headers before one entry.
    static final int EXTENSIONS_MAX = 8;

    private static final int BLOCK = 512;
    private static final int CHECKSUM_AT = 148;
    private static final int CHECKSUM_BYTES = 8;

    private final InputStream in;
    private final byte[] header = new byte[BLOCK];
    private final byte[] skipped = new byte[1 << 16];
    private long left;
    private int padding;

    TarReader(InputStream in) {
        this.in = in;
    }

    /// The next entry, whatever was read of the one before; empty at the end.
    Optional<TarEntry> next() throws IOException {
        Map<String, String> extended = new HashMap<>();
        for (int extensions = 0; extensions <= EXTENSIONS_MAX; extensions++) {
            skip(left + padding);
            left = 0;
            padding = 0;
            if (!readHeader()) {
                return Optional.empty();
            }
            begin(number(124, 12));
            switch (header[156]) {
                case 'x' -> extended.putAll(pax(extension()));
                case 'g' -> extension(); // of all entries; none that matter here come this way
                case 'L' -> extended.put("path", text(extension()));
                case 'K' -> extended.put("linkpath", text(extension()));
                default -> {
                    return Optional.of(entry(extended));
                }
            }
        }
        throw new IOException("an entry has more than " + EXTENSIONS_MAX + " extended headers");
    }

    /// Reads from the current entry; -1 at its end.
    int read(byte[] buffer) throws IOException {
        if (left == 0) {
            return -1;
        }
        int got = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (got < 0) {
            throw new IOException("the layer ends in the middle of a file");
        }
        left -= got;
        return got;
    }

    // By reading: what is skipped belongs to the digest, too.
    private void skip(long count) throws IOException {
        for (long rest = count; rest > 0; ) {
            int got = in.read(skipped, 0, (int) Math.min(skipped.length, rest));
            if (got < 0) {
                throw new IOException("the layer ends in the middle of a file");
            }
            rest -= got;
        }
    }

    private boolean readHeader() throws IOException {
        int got = in.readNBytes(header, 0, BLOCK);
        if (got == 0) {
            return false; // without the two empty blocks, which some writers forget
        }
        if (got < BLOCK) {
            throw new IOException("the layer ends in the middle of a header");
        }
        int sum = 0;
        boolean empty = true;
        for (int i = 0; i < BLOCK; i++) {
            boolean isSum = i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_BYTES;
            sum += isSum ? ' ' : Byte.toUnsignedInt(header[i]);
            empty &= header[i] == 0;
        }
        if (!empty && sum != number(CHECKSUM_AT, CHECKSUM_BYTES)) {
            throw new IOException("the layer has a damaged header");
        }
        return !empty;
    }

    private void begin(long size) throws IOException {
        if (size < 0) {
            throw new IOException("an entry has a negative size");
        }
        left = size;
        padding = (int) (-size & (BLOCK - 1));
    }

    private byte[] extension() throws IOException {
        if (left > EXTENSION_BYTES_MAX) {
            throw new IOException("an extended header has " + left + " bytes");
        }
        byte[] bytes = in.readNBytes((int) left);
        if (bytes.length < left) {
            throw new IOException("the layer ends in the middle of a header");
        }
        left = 0;
        return bytes;
    }

    private TarEntry entry(Map<String, String> extended) throws IOException {
        for (String key : extended.keySet()) {
            if (key.startsWith("GNU.sparse")) {
                throw new IOException("the layer has a sparse file, which layers may not have");
            }
        }
        String path = extended.getOrDefault("path", name());
        TarEntry.Type type = type(path);
        String size = extended.getOrDefault("size", "");
        if (!size.isEmpty()) {
            begin(parse(size));
        }
        long bytes = left;
        if (type != TarEntry.Type.FILE && type != TarEntry.Type.OTHER) {
            // Old writers put the size of the target there, and no data.
            begin(0);
        }
        String link = extended.getOrDefault("linkpath", text(header, 157, 100));
        return new TarEntry(
                type,
                path,
                link,
                (int) number(100, 8) & 07777,
                longOf(extended, "uid", number(108, 8)),
                longOf(extended, "gid", number(116, 8)),
                bytes,
                modified(extended));
    }

    private TarEntry.Type type(String path) throws IOException {
        return switch (header[156]) {
            case 0, '0', '7' -> path.endsWith("/") ? TarEntry.Type.DIRECTORY : TarEntry.Type.FILE;
            case '1' -> TarEntry.Type.HARD_LINK;
            case '2' -> TarEntry.Type.SYMLINK;
            case '5' -> TarEntry.Type.DIRECTORY;
            case '3', '4', '6' -> TarEntry.Type.OTHER;
            default -> throw new IOException("the layer has an entry of unknown type");
        };
    }

    private String name() {
        String name = text(header, 0, 100);
        boolean posix = header[257 + 5] == 0 && text(header, 257, 6).equals("ustar");
        String prefix = posix ? text(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private Instant modified(Map<String, String> extended) throws IOException {
        String seconds = extended.getOrDefault("mtime", Long.toString(number(136, 12)));
        try {
            int dot = seconds.indexOf('.');
            return Instant.ofEpochSecond(
                    parse(dot < 0 ? seconds : seconds.substring(0, Math.max(dot, 1))));
        } catch (DateTimeException e) {
            throw new IOException("an entry has an impossible time", e);
        }
    }

    private static long longOf(Map<String, String> extended, String key, long byDefault)
            throws IOException {
        String text = extended.getOrDefault(key, "");
        return text.isEmpty() ? byDefault : parse(text);
    }

    private static long parse(String number) throws IOException {
        try {
            return Long.parseLong(number.strip());
        } catch (NumberFormatException e) {
            throw new IOException("a header has \"" + number + "\" for a number", e);
        }
    }

    // Records of "<length> <key>=<value>\n", where the length counts all of it.
    private static Map<String, String> pax(byte[] bytes) throws IOException {
        Map<String, String> records = new HashMap<>();
        int at = 0;
        while (at < bytes.length && bytes[at] != 0) {
            int space = at;
            while (space < bytes.length && bytes[space] != ' ') {
                space++;
            }
            long length = parse(new String(bytes, at, space - at, StandardCharsets.US_ASCII));
            if (length <= space - at + 1 || length > bytes.length - at) {
                throw new IOException("an extended header is damaged");
            }
            int end = at + (int) length;
            byte[] record = Arrays.copyOfRange(bytes, space + 1, end - 1);
            String text = FileNames.decode(record);
            int equals = text.indexOf('=');
            if (equals > 0 && !text.startsWith("SCHILY.")) {
                records.put(text.substring(0, equals), text.substring(equals + 1));
            }
            at = end;
        }
        return records;
    }

    private long number(int at, int length) throws IOException {
        if ((header[at] & 0x80) != 0) {
            return binary(at, length);
        }
        String text = text(header, at, length).strip();
        try {
            return text.isEmpty() ? 0 : Long.parseLong(text, 8);
        } catch (NumberFormatException e) {
            throw new IOException("a header has \"" + text + "\" for a number", e);
        }
    }

    // GNU's way for numbers that octal digits have no room for.
    private long binary(int at, int length) throws IOException {
        boolean negative = (header[at] & 0x40) != 0;
        long value = negative ? -1 : 0;
        for (int i = at; i < at + length; i++) {
            int next = i == at && !negative ? header[i] & 0x7f : header[i] & 0xff;
            if (length - (i - at) > 8 && next != (negative ? 0xff : 0)) {
                throw new IOException("a header has a number of more than 64 bits");
            }
            value = value << 8 | next;
        }
        return value;
    }

    private static String text(byte[] bytes) {
        return text(bytes, 0, bytes.length);
    }

    private static String text(byte[] bytes, int at, int length) {
        int end = at;
        while (end < at + length && bytes[end] != 0) {
            end++;
        }
        return FileNames.decode(Arrays.copyOfRange(bytes, at, end));
    }
}
