package dev.carrel.sandbox;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// Turns bytes that come in pieces into text: a character cut by a piece's end waits for the next
/// piece, and what is not UTF-8 becomes U+FFFD. Used by one thread.
final class Utf8Decoder {
    private static final int CHARACTER_BYTES_MAX = 4;

    private final CharsetDecoder decoder =
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private byte[] cut = new byte[0];

    String decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.allocate(cut.length + bytes.length).put(cut).put(bytes).flip();
        CharBuffer out = CharBuffer.allocate(in.remaining());
        decoder.decode(in, out, false);
        cut = new byte[in.remaining()];
        in.get(cut);
        return out.flip().toString();
    }

    /// Of the character that waits.
    int bytesCut() {
        return cut.length;
    }

    /// What is left of a character that never became whole.
    String end() {
        CharBuffer out = CharBuffer.allocate(CHARACTER_BYTES_MAX);
        decoder.decode(ByteBuffer.wrap(cut), out, true);
        decoder.flush(out);
        decoder.reset();
        cut = new byte[0];
        return out.flip().toString();
    }
}
