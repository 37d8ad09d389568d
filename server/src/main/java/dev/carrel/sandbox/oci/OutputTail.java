package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Execution.OutputListener;
import dev.carrel.sandbox.Execution.Stream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/// Reads one output of an execution from some byte on, piece by piece as it grows, into whole
/// characters.
final class OutputTail implements AutoCloseable {
    private static final int CUT_CHARACTER_BYTES_MAX = 3;
    private static final char REPLACED = '\uFFFD';

    private final KeptOutput kept;
    private final Stream stream;
    private final CharsetDecoder decoder =
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final Deque<Part> parts = new ArrayDeque<>();
    private long characters;
    private ByteBuffer cut = ByteBuffer.allocate(0);
    private long place;
    private boolean gap;

    /// Text that begins at `start` of the stream.
    private record Part(long start, String text) {}

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
            boolean lost = piece.get().place() > place;
            gap |= lost;
            long start = lost ? piece.get().place() : end();
            place = piece.get().end();
            decode(piece.get().bytes(), start, output);
        }
    }

    /// Passes on what remains of a character that was never completed; nothing follows.
    void finish(OutputListener output) {
        long start = end();
        ByteBuffer whole = ByteBuffer.allocate(cut.remaining()).put(cut).flip();
        CharBuffer rest = CharBuffer.allocate(whole.remaining() + CUT_CHARACTER_BYTES_MAX);
        decoder.decode(whole, rest, true);
        decoder.flush(rest);
        cut = whole;
        tell(start, rest, output);
    }

    /// All text so far; of a very long one, the last.
    String text() {
        trim(kept.bytesMax());
        var text = new StringBuilder();
        parts.forEach(part -> text.append(part.text));
        return text.toString();
    }

    /// The place that the text begins at.
    long start() {
        trim(kept.bytesMax());
        return parts.isEmpty() ? end() : parts.getFirst().start;
    }

    /// The place after the text: a character that is not complete is none of it.
    long end() {
        return place - cut.remaining();
    }

    /// Where to go on: what begins beyond the end of what is there goes on at that end.
    long next() throws IOException {
        return parts.isEmpty() && place > 0 ? Math.min(end(), kept.end(Long.MAX_VALUE)) : end();
    }

    /// Whether bytes were left out that are no longer kept.
    boolean hasGap() {
        return gap || characters > kept.bytesMax();
    }

    private void decode(ByteBuffer bytes, long start, OutputListener output) {
        ByteBuffer whole = ByteBuffer.allocate(cut.remaining() + bytes.remaining());
        whole.put(cut).put(bytes).flip();
        // UTF-8 never decodes to more characters than it has bytes.
        CharBuffer decoded = CharBuffer.allocate(whole.remaining());
        decoder.decode(whole, decoded, false);
        cut = whole;
        tell(start, decoded, output);
    }

    private void tell(long start, CharBuffer decoded, OutputListener output) {
        String text = decoded.flip().toString();
        if (text.isEmpty()) {
            return;
        }
        parts.addLast(new Part(start, text));
        characters += text.length();
        // An output of which the last is kept has no end: neither has what is told of it.
        if (characters > 2 * kept.bytesMax()) {
            trim(kept.bytesMax());
        }
        output.output(stream, text, end());
    }

    private void trim(long charactersMax) {
        while (characters > charactersMax) {
            Part first = parts.removeFirst();
            int excess = (int) Math.min(characters - charactersMax, first.text.length());
            characters -= first.text.length();
            gap = true;
            cutOff(first, excess)
                    .ifPresent(rest -> {
                        parts.addFirst(rest);
                        characters += rest.text.length();
                    });
        }
    }

    /// Nothing where nobody can tell how many bytes the characters were.
    private static Optional<Part> cutOff(Part part, int count) {
        int at = count;
        if (at < part.text.length() && Character.isLowSurrogate(part.text.charAt(at))) {
            at++;
        }
        if (at >= part.text.length() || part.text.indexOf(REPLACED) >= 0) {
            return Optional.empty();
        }
        int bytes = part.text.substring(0, at).getBytes(StandardCharsets.UTF_8).length;
        return Optional.of(new Part(part.start + bytes, part.text.substring(at)));
    }

    @Override
    public void close() {
        kept.close();
    }
}
