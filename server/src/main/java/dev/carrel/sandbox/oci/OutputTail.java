package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Execution.OutputListener;
import dev.carrel.sandbox.Execution.Stream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Reads one output of an execution from some byte on, piece by piece as it grows, into whole
/// characters.
final class OutputTail implements AutoCloseable {
    private static final int CUT_CHARACTER_BYTES_MAX = 3;

    private final KeptOutput kept;
    private final Stream stream;
    private final CharsetDecoder decoder =
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final StringBuilder text = new StringBuilder();
    private ByteBuffer cut = ByteBuffer.allocate(0);
    private long place;
    private boolean gap;

    OutputTail(KeptOutput kept, Stream stream, long from) {
        this.kept = kept;
        this.stream = stream;
        this.place = from;
    }

    /// Reads what is there now, at most to byte `end`, and passes it on.
    void read(long end, OutputListener output) throws IOException {
        for (Optional<KeptOutput.Piece> piece = kept.read(place, end);
                piece.isPresent();
                piece = kept.read(place, end)) {
            gap |= piece.get().place() > place;
            place = piece.get().end();
            decode(piece.get().bytes(), false, output);
        }
    }

    /// Passes on what remains of a character that was never completed; nothing follows.
    void finish(OutputListener output) {
        decode(ByteBuffer.allocate(0), true, output);
    }

    /// All text so far; of a very long one, the last.
    String text() {
        return text.substring((int) Math.max(0, text.length() - kept.bytesMax()));
    }

    /// The place after the text: a character that is not complete is none of it.
    long end() {
        return place - cut.remaining();
    }

    /// Whether bytes were left out that are no longer kept.
    boolean hasGap() {
        return gap || text.length() > kept.bytesMax();
    }

    private void decode(ByteBuffer bytes, boolean last, OutputListener output) {
        ByteBuffer whole = ByteBuffer.allocate(cut.remaining() + bytes.remaining());
        whole.put(cut).put(bytes).flip();
        // UTF-8 never decodes to more characters than it has bytes; the rest is for the flush.
        CharBuffer characters = CharBuffer.allocate(whole.remaining() + CUT_CHARACTER_BYTES_MAX);
        decoder.decode(whole, characters, last);
        if (last) {
            decoder.flush(characters);
        }
        cut = whole;
        String piece = characters.flip().toString();
        text.append(piece);
        // An output of which the last is kept has no end: neither has what is told of it.
        if (text.length() > 2 * kept.bytesMax()) {
            text.delete(0, (int) (text.length() - kept.bytesMax()));
            gap = true;
        }
        if (!piece.isEmpty()) {
            output.output(stream, piece, end());
        }
    }

    @Override
    public void close() {
        kept.close();
    }
}
