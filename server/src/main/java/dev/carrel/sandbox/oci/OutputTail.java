package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.Execution.OutputListener;
import dev.carrel.sandbox.Execution.Stream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Reads one output of an execution from its first byte on, piece by piece as it grows, into whole
/// characters.
final class OutputTail implements AutoCloseable {
    private static final int PIECE_BYTES = 1 << 16;
    private static final int CUT_CHARACTER_BYTES_MAX = 3;

    private final ExecutionFiles files;
    private final Stream stream;
    private final long bytesMax;
    private final CharsetDecoder decoder =
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final StringBuilder text = new StringBuilder();
    private ByteBuffer cut = ByteBuffer.allocate(0);
    private Optional<Fd> file = Optional.empty();
    private long position;

    /// Never reads more than `bytesMax`, whatever the size of the file.
    OutputTail(ExecutionFiles files, Stream stream, long bytesMax) {
        this.files = files;
        this.stream = stream;
        this.bytesMax = bytesMax;
    }

    /// Reads what is there now, at most to byte `end`, and passes it on.
    void read(long end, OutputListener output) throws IOException {
        long limit = Math.min(end, bytesMax);
        while (position < limit && isOpen()) {
            var piece = new byte[(int) Math.min(PIECE_BYTES, limit - position)];
            int size = Linux.pread(file.orElseThrow(), piece, 0, piece.length, position);
            if (size == 0) {
                return;
            }
            position += size;
            decode(ByteBuffer.wrap(piece, 0, size), false, output);
        }
    }

    /// Passes on what remains of a character that was never completed; nothing follows.
    void finish(OutputListener output) {
        decode(ByteBuffer.allocate(0), true, output);
    }

    /// All text so far.
    String text() {
        return text.toString();
    }

    private boolean isOpen() throws IOException {
        if (file.isEmpty()) {
            file = files.open(stream);
        }
        return file.isPresent();
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
        if (!piece.isEmpty()) {
            output.output(stream, piece);
        }
    }

    @Override
    public void close() {
        file.ifPresent(Fd::close);
    }
}
