package dev.carrel.process;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// File names as text. A name is any bytes but NUL and `/`; one that is not UTF-8 keeps its odd
/// bytes as lone surrogates from U+DC80 to U+DCFF, as Python does (PEP 383), so that every name
/// that was read can be used again.
public final class FileNames {
    private static final char REPLACEMENT = '\uFFFD';

    private FileNames() {}

    /// Whether the name is proper text.
    public static boolean isText(String name) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(name);
    }

    /// Whether the text is the form of some name: proper text but for odd bytes.
    public static boolean isName(String text) {
        return isText(text) || decode(encode(text)).equals(text);
    }

    /// The name fit for showing: odd bytes become U+FFFD.
    public static String shown(String name) {
        if (isText(name)) {
            return name;
        }
        var text = new StringBuilder(name);
        for (int i = 0; i < text.length(); i++) {
            if (isOddByte(text, i)) {
                text.setCharAt(i, REPLACEMENT);
            }
        }
        return text.toString();
    }

    /// The name of these bytes.
    public static String decode(byte[] name) {
        String text = new String(name, StandardCharsets.UTF_8);
        return text.indexOf(REPLACEMENT) < 0 ? text : decodeOdd(name);
    }

    private static String decodeOdd(byte[] name) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(name);
        CharBuffer out = CharBuffer.allocate(name.length);
        CoderResult result = decoder.decode(in, out, true);
        while (result.isError()) {
            for (int i = 0; i < result.length(); i++) {
                out.put((char) (0xDC00 | Byte.toUnsignedInt(in.get())));
            }
            result = decoder.reset().decode(in, out, true);
        }
        return out.flip().toString();
    }

    /// The bytes of a name.
    public static byte[] encode(String name) {
        if (isText(name)) {
            return name.getBytes(StandardCharsets.UTF_8);
        }
        var bytes = new ByteArrayOutputStream();
        int start = 0;
        for (int i = 0; i < name.length(); i++) {
            if (isOddByte(name, i)) {
                bytes.writeBytes(name.substring(start, i).getBytes(StandardCharsets.UTF_8));
                bytes.write(name.charAt(i) & 0xff);
                start = i + 1;
            }
        }
        bytes.writeBytes(name.substring(start).getBytes(StandardCharsets.UTF_8));
        return bytes.toByteArray();
    }

    /// The path as it stands in a URL: what is not a letter, a digit or one of `-._~/` is escaped,
    /// byte by byte, so that no name is lost.
    public static String escaped(String path) {
        var text = new StringBuilder();
        for (byte b : encode(path)) {
            if (Character.isLetterOrDigit(b) || "-._~/".indexOf(b) >= 0) {
                text.append((char) b);
            } else {
                text.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return text.toString();
    }

    private static boolean isOddByte(CharSequence name, int at) {
        char c = name.charAt(at);
        return c >= 0xDC80
                && c <= 0xDCFF
                && (at == 0 || !Character.isHighSurrogate(name.charAt(at - 1)));
    }
}
