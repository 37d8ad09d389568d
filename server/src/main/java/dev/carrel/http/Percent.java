package dev.carrel.http;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// Percent-decoding (RFC 3986, 2.1), exactly once and without any judgement: `..`, `//` and NUL
/// come out as they are, for the layer that knows what they mean.
final class Percent {
    private Percent() {}

    /// Empty when an escape is cut short or is no UTF-8.
    static Optional<String> decode(String raw) {
        return isPlain(raw) ? Optional.of(raw) : bytes(raw).flatMap(Percent::utf8);
    }

    /// The same without judging what the bytes are: empty when an escape is cut short.
    static Optional<byte[]> bytes(String raw) {
        byte[] bytes = new byte[raw.length()];
        int length = 0;
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c > 127) {
                return Optional.empty(); // a URL is ASCII
            }
            if (c != '%') {
                bytes[length++] = (byte) c;
                continue;
            }
            int value = i + 2 < raw.length() ? hex(raw, i + 1) : -1;
            if (value < 0) {
                return Optional.empty();
            }
            bytes[length++] = (byte) value;
            i += 2;
        }
        return Optional.of(Arrays.copyOf(bytes, length));
    }

    private static boolean isPlain(String raw) {
        return raw.chars().allMatch(c -> c != '%' && c <= 127);
    }

    private static int hex(String raw, int at) {
        int high = Character.digit(raw.charAt(at), 16);
        int low = Character.digit(raw.charAt(at + 1), 16);
        return high < 0 || low < 0 ? -1 : high * 16 + low;
    }

    private static Optional<String> utf8(byte[] bytes) {
        try {
            CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return Optional.of(text.toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }
}
