package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// Counts what is read, and ends in `INVALID_REQUEST` where more is read than is allowed for now.
final class CountedStream extends FilterInputStream {
    private long count;
    private long allowed = Long.MAX_VALUE;

    CountedStream(InputStream in) {
        super(in);
    }

    long count() {
        return count;
    }

    /// From here on, no more than so many bytes.
    void allow(long bytes) {
        allowed = bytes == Long.MAX_VALUE ? bytes : count + bytes;
    }

    @Override
    public int read() throws IOException {
        int value = super.read();
        add(value < 0 ? 0 : 1);
        return value;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int n = super.read(buffer, offset, length);
        add(Math.max(n, 0));
        return n;
    }

    @Override
    public long skip(long bytes) throws IOException {
        long skipped = super.skip(bytes);
        add(skipped);
        return skipped;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private void add(long bytes) {
        count += bytes;
        if (count > allowed) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST, "the head of an entry is unreasonably long");
        }
    }
}
