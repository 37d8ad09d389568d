package dev.carrel.sandbox.oci;

import dev.carrel.process.BulkInput;
import java.io.IOException;
import java.io.InputStream;

/// The first bytes of a stream, so that a file that grows as fast as it is read has an end.
final class BoundedContent extends BulkInput {
    private final InputStream in;
    private long left;

    BoundedContent(InputStream in, long bytes) {
        this.in = in;
        this.left = bytes;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (left == 0) {
            return -1;
        }
        int n = in.read(buffer, offset, (int) Math.min(length, left));
        left -= Math.max(n, 0);
        return n;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
