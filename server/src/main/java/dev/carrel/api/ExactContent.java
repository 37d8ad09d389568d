package dev.carrel.api;

import dev.carrel.http.BulkInput;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/// As many bytes of a file as were promised: what it grows meanwhile is left out, and a file that
/// is cut while it is read is an error instead of a shorter answer.
final class ExactContent extends BulkInput {
    private final InputStream in;
    private long left;

    ExactContent(InputStream in, long bytes) {
        this.in = in;
        this.left = bytes;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (left == 0) {
            return -1;
        }
        int n = in.read(buffer, offset, (int) Math.min(length, left));
        if (n < 0) {
            throw new EOFException("the file was cut while it was read, " + left + " bytes short");
        }
        left -= n;
        return n;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
