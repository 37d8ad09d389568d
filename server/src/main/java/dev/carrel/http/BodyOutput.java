package dev.carrel.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// The body of a message on its way out, framed as its head said. Every write is on the wire when
/// it returns. A body is whole only after [#finish]; whoever stops before that must cut the
/// connection.
public final class BodyOutput extends OutputStream {
    private static final byte[] LINE_END = {'\r', '\n'};

    private final OutputStream out;
    private final boolean chunked;
    private final boolean untilClose;
    private long left;

    public BodyOutput(OutputStream out, Framing framing) {
        this.out = out;
        this.chunked = framing instanceof Framing.Chunked;
        this.untilClose = framing instanceof Framing.UntilClose;
        this.left = framing instanceof Framing.Length(long bytes) ? bytes : 0;
    }

    @Override
    public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return; // an empty chunk would be the last
        }
        if (chunked) {
            out.write(chunk(bytes, offset, length));
        } else if (untilClose || length <= left) {
            left -= length;
            out.write(bytes, offset, length);
        } else {
            throw new MalformedException("the body is longer than its head said");
        }
        out.flush();
    }

    private static byte[] chunk(byte[] bytes, int offset, int length) {
        byte[] size = Integer.toHexString(length).getBytes(StandardCharsets.US_ASCII);
        var chunk = new byte[size.length + length + 2 * LINE_END.length];
        System.arraycopy(size, 0, chunk, 0, size.length);
        System.arraycopy(LINE_END, 0, chunk, size.length, LINE_END.length);
        System.arraycopy(bytes, offset, chunk, size.length + LINE_END.length, length);
        System.arraycopy(LINE_END, 0, chunk, chunk.length - LINE_END.length, LINE_END.length);
        return chunk;
    }

    /// Ends the body; only a chunked one has room for `trailers`.
    public void finish(Fields trailers) throws IOException {
        if (chunked) {
            var end = new StringBuilder("0\r\n");
            for (Field field : trailers.list()) {
                end.append(field.name()).append(": ").append(field.value()).append("\r\n");
            }
            out.write(end.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        } else if (left > 0) {
            throw new MalformedException("the body is shorter than its head said");
        }
        out.flush();
    }
}
