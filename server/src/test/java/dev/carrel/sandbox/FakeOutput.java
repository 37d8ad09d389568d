package dev.carrel.sandbox;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/// What is kept of one stream of a fake command: the first bytes, or the last ones. Guarded by its
/// execution's lock.
final class FakeOutput {
    private final long bytesMax;
    private final boolean keepsLast;
    private ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private long first;
    private boolean truncated;

    FakeOutput(ExecutionRequest request) {
        this.keepsLast = request.keepsLast();
        this.bytesMax = request.outputBytesMax();
    }

    void add(byte[] bytes, int length) {
        int room = (int) Math.min(length, bytesMax - kept.size());
        truncated |= room < length;
        if (keepsLast) {
            kept.write(bytes, 0, length);
            dropFirst();
        } else {
            kept.write(bytes, 0, room);
        }
    }

    private void dropFirst() {
        byte[] all = kept.toByteArray();
        int excess = (int) Math.max(0, all.length - bytesMax);
        if (excess > 0) {
            kept = new ByteArrayOutputStream();
            kept.write(all, excess, all.length - excess);
            first += excess;
        }
    }

    boolean isTruncated() {
        return truncated;
    }

    /// The place after the last byte.
    long end() {
        return first + kept.size();
    }

    /// The first place from `place` on that is still kept.
    long next(long place) {
        return Math.max(place, first);
    }

    byte[] from(long place) {
        byte[] all = kept.toByteArray();
        int start = Math.clamp(place - first, 0, all.length);
        return Arrays.copyOfRange(all, start, all.length);
    }
}
