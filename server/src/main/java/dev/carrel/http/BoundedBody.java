package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.InputStream;

/// A request's body that ends in `BODY_TOO_LARGE` when it passes its limit, and whose reads count
/// as progress of the connection. A body that breaks off fails with `INVALID_REQUEST` and not with
/// an [IOException], which whoever copies it elsewhere could take for a failure of that place.
final class BoundedBody extends BulkInput {
    private final InputStream in;
    private final long bytesMax;
    private final Progress progress;
    private long bytesRead;

    BoundedBody(InputStream in, long bytesMax, Progress progress) {
        this.in = in;
        this.bytesMax = bytesMax;
        this.progress = progress;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) {
        progress.blocked();
        int count;
        try {
            count = in.read(buffer, offset, length);
        } catch (IOException | RuntimeException e) {
            throw new CarrelException(
                    ErrorCode.INVALID_REQUEST, "The request's body broke off before its end", e);
        } finally {
            progress.moved();
        }
        bytesRead += Math.max(0, count);
        if (bytesRead > bytesMax) {
            throw tooLarge(bytesMax);
        }
        return count;
    }

    static CarrelException tooLarge(long bytesMax) {
        return new CarrelException(
                ErrorCode.BODY_TOO_LARGE,
                "The body is larger than the limit of this call, %d bytes".formatted(bytesMax));
    }
}
