package dev.carrel.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/// Writes layers by hand, so that they can be as hostile as it takes.
public final class LayerTar {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public LayerTar file(String path, String content) {
        return entry('0', path, "", 0644, content.getBytes(StandardCharsets.UTF_8));
    }

    public LayerTar program(String path, byte[] content) {
        return entry('0', path, "", 0755, content);
    }

    public LayerTar directory(String path, int mode) {
        return entry('5', path, "", mode, new byte[0]);
    }

    public LayerTar symlink(String path, String target) {
        return entry('2', path, target, 0777, new byte[0]);
    }

    public LayerTar hardLink(String path, String target) {
        return entry('1', path, target, 0644, new byte[0]);
    }

    /// An extended header of the next entry.
    public LayerTar pax(String key, String value) {
        String body = " " + key + "=" + value + "\n";
        int length = body.length() + 1;
        while (Integer.toString(length).length() + body.length() != length) {
            length++;
        }
        byte[] record = (length + body).getBytes(StandardCharsets.UTF_8);
        return entry('x', "pax", "", 0644, record);
    }

    public LayerTar entry(char type, String path, String link, int mode, byte[] content) {
        return entry(type, path, link, mode, 0, content);
    }

    public LayerTar entry(
            char type, String path, String link, int mode, int owner, byte[] content) {
        raw(header(type, path, link, mode, owner, content.length));
        raw(content);
        return raw(new byte[-content.length & 511]);
    }

    public LayerTar raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    static byte[] header(char type, String path, String link, int mode, int owner, long size) {
        var header = new byte[512];
        put(header, 0, path);
        put(header, 100, "%07o".formatted(mode));
        put(header, 108, "%07o".formatted(owner));
        put(header, 116, "%07o".formatted(owner));
        put(header, 124, "%011o".formatted(size));
        put(header, 136, "%011o".formatted(1_700_000_000L));
        header[156] = (byte) type;
        put(header, 157, link);
        put(header, 257, "ustar\0" + "00");
        int sum = 8 * ' ';
        for (byte b : header) {
            sum += Byte.toUnsignedInt(b);
        }
        put(header, 148, "%06o\0 ".formatted(sum));
        return header;
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    public byte[] bytes() {
        byte[] entries = out.toByteArray();
        return java.util.Arrays.copyOf(entries, entries.length + 1024);
    }

    public static byte[] gzip(byte[] bytes) {
        var zipped = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(zipped)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return zipped.toByteArray();
    }
}
