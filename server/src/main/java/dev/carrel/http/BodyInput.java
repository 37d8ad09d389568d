package dev.carrel.http;

import java.io.IOException;
import java.util.Objects;

/// The body of a message as it comes, by its framing alone: it never reads past its end, and never
/// takes a body that breaks off for a whole one. Fails with [MalformedException] then, and where
/// chunks are not as they must be; extensions of chunks are refused, since nobody needs them.
public final class BodyInput extends BulkInput {
    private static final int SIZE_DIGITS_MAX = 15;
    private static final int TRAILER_BYTES_MAX = 8 << 10;
    private static final long UNKNOWN = Long.MAX_VALUE;

    private final WireInput in;
    private final boolean chunked;
    private final boolean untilClose;
    private long left;
    private boolean inChunk;
    private boolean ended;
    private Fields trailers = Fields.NONE;

    public BodyInput(WireInput in, Framing framing) {
        this.in = in;
        this.chunked = framing instanceof Framing.Chunked;
        this.untilClose = framing instanceof Framing.UntilClose;
        this.left =
                switch (framing) {
                    case Framing.Length(long bytes) -> bytes;
                    case Framing.None(), Framing.Chunked() -> 0;
                    case Framing.UntilClose() -> UNKNOWN;
                };
        this.ended = left == 0 && !chunked;
    }

    /// Whether all of it has been read.
    public boolean hasEnded() {
        return ended;
    }

    /// What followed a chunked body, once that has ended.
    public Fields trailers() {
        return trailers;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (chunked && left == 0 && !ended) {
            nextChunk();
        }
        if (ended) {
            return -1;
        }
        int count = in.read(target, offset, (int) Math.min(length, left));
        if (count < 0) {
            if (!untilClose) {
                throw new MalformedException("the body breaks off before its end");
            }
            ended = true;
            return -1;
        }
        if (!untilClose) {
            left -= count;
            ended = left == 0 && !chunked;
        }
        return count;
    }

    private void nextChunk() throws IOException {
        if (inChunk && (one() != '\r' || one() != '\n')) {
            throw new MalformedException("a chunk is longer than its size says");
        }
        inChunk = true;
        left = size();
        if (left == 0) {
            trailers = HeadParser.trailers(trailerBytes());
            ended = true;
        }
    }

    private long size() throws IOException {
        long size = 0;
        for (int digits = 0; digits <= SIZE_DIGITS_MAX; digits++) {
            int next = one();
            int value = next < 0x80 ? Character.digit(next, 16) : -1;
            if (value < 0) {
                if (digits == 0 || next != '\r' || one() != '\n') {
                    break;
                }
                return size;
            }
            size = size << 4 | value;
        }
        throw new MalformedException("the size of a chunk is not a plain hexadecimal number");
    }

    /// The trailer fields with the empty line that ends them.
    private byte[] trailerBytes() throws IOException {
        return in.readHead(TRAILER_BYTES_MAX, () -> {})
                .orElseThrow(() -> new MalformedException("the body breaks off before its end"));
    }

    private int one() throws IOException {
        var one = new byte[1];
        if (in.read(one, 0, 1) < 0) {
            throw new MalformedException("the body breaks off before its end");
        }
        return one[0] & 0xff;
    }
}
