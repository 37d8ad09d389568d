package dev.carrel.sandbox.egress;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;

/// Copies between two connections, both ways at once, until both have ended or neither has said
/// anything for long.
final class Relay {
    static final Duration IDLE_MAX = Duration.ofMinutes(30);

    /// So often a silent side is looked at.
    static final Duration LOOK_EVERY = Duration.ofMinutes(1);

    private static final int BUFFER_BYTES = 32 << 10;

    private volatile long lastActive = System.nanoTime();

    private Relay() {}

    /// `input` is what comes from `near`, part of which may have been read ahead.
    static void run(Socket near, InputStream input, Socket far) throws IOException {
        var relay = new Relay();
        near.setSoTimeout(Math.toIntExact(LOOK_EVERY.toMillis()));
        far.setSoTimeout(Math.toIntExact(LOOK_EVERY.toMillis()));
        Thread up =
                Thread.ofVirtual()
                        .name("egress-up")
                        .start(() -> relay.copyQuietly(input, far, near));
        try {
            relay.copy(far.getInputStream(), near);
        } finally {
            try {
                up.join(IDLE_MAX.plus(LOOK_EVERY));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void copyQuietly(InputStream from, Socket to, Socket other) {
        try {
            copy(from, to);
        } catch (IOException e) {
            // The other direction sees the end of its stream.
            closeBoth(to, other);
        }
    }

    private static void closeBoth(Socket one, Socket other) {
        try (one;
                other) {
            return;
        } catch (IOException e) {
            return; // closed all the same
        }
    }

    private void copy(InputStream from, Socket to) throws IOException {
        var buffer = new byte[BUFFER_BYTES];
        OutputStream output = to.getOutputStream();
        while (true) {
            int count;
            try {
                count = from.read(buffer);
            } catch (SocketTimeoutException e) {
                if (System.nanoTime() - lastActive > IDLE_MAX.toNanos()) {
                    throw e;
                }
                continue;
            }
            if (count < 0) {
                break;
            }
            lastActive = System.nanoTime();
            output.write(buffer, 0, count);
            output.flush();
        }
        to.shutdownOutput();
    }
}
