package dev.carrel.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// A request with a chunked body for Helidon, which holds every chunk in memory whole before
/// anybody gets a byte of it, and lets its sender make it 2 GiB long: the same bytes in small
/// chunks. Trailers are left out, since no route looks at them. Fails as [BodyInput] does.
final class Rechunked {
    private static final int CHUNK_BYTES_MAX = 16 << 10;
    private static final byte[] NOTHING = {};
    private static final byte[] LAST = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final WireInput in;
    private final BodyInput body;
    private final byte[] buffer = new byte[CHUNK_BYTES_MAX];
    private byte[] head;
    private boolean ended;

    /// `head` was read already, and comes first.
    Rechunked(byte[] head, WireInput in) {
        this.head = head;
        this.in = in;
        this.body = new BodyInput(in, new Framing.Chunked());
    }

    /// The head, chunk after chunk, then whatever follows; empty at the end of the connection.
    Optional<byte[]> next() throws IOException {
        if (head.length > 0) {
            byte[] first = head;
            head = NOTHING;
            return Optional.of(first);
        }
        if (ended) {
            return in.readSome();
        }
        int count = body.read(buffer, 0, buffer.length);
        if (count < 0) {
            ended = true;
            return Optional.of(LAST);
        }
        return Optional.of(chunk(count));
    }

    private byte[] chunk(int count) {
        byte[] size = (Integer.toHexString(count) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        byte[] chunk = Arrays.copyOf(size, size.length + count + 2);
        System.arraycopy(buffer, 0, chunk, size.length, count);
        chunk[chunk.length - 2] = '\r';
        chunk[chunk.length - 1] = '\n';
        return chunk;
    }
}
