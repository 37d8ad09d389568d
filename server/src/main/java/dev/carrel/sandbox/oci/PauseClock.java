package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Scanner;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// For how long a sandbox has been held still, written down where its pid 1 looks before a timeout
/// kills: `<all of it> <until when that is>`, in milliseconds of the machine's monotonic clock,
/// which servers and pid 1 share. Each word is written while the sandbox stands, or while nobody
/// uses it, so a server that dies at any point leaves nothing wrong: what is missing, the next one
/// adds at the resume.
///
/// Where it cannot be written, because the disk of the host is full, sandboxes pause and resume all
/// the same, and the pause counts as time of the command's own.
record PauseClock(RunDirectory directory) {
    private static final Logger LOG = LoggerFactory.getLogger(PauseClock.class);
    private static final String FILE = "paused";
    private static final int FILE_BYTES_MAX = 64;
    private static final int FILE_MODE = 0644;

    private record Sum(long millis, long until) {
        static final Sum NONE = new Sum(0, Long.MAX_VALUE);

        /// With the time from `until` to `now`.
        Sum to(long now) {
            return new Sum(millis + Math.max(0, now - until), now);
        }
    }

    /// To be called before the sandbox is frozen.
    void stop() {
        write(new Sum(read().millis(), now()));
    }

    /// To be called before it goes on.
    void goOn() {
        write(read().to(now()));
    }

    private void write(Sum sum) {
        String line = sum.millis() + " " + sum.until() + "\n";
        try {
            directory.write(FILE, line.getBytes(StandardCharsets.US_ASCII), FILE_MODE);
        } catch (IOException e) {
            LOG.warn("{}: a pause counts for the timeouts of commands", directory.path(), e);
        }
    }

    /// Whoever took over pid 1 may have written it: then it is about nobody else's timeouts.
    private Sum read() {
        try {
            Optional<byte[]> bytes = directory.read(FILE, FILE_BYTES_MAX);
            if (bytes.isEmpty()) {
                return Sum.NONE;
            }
            var words = new Scanner(new String(bytes.get(), StandardCharsets.US_ASCII));
            return words.hasNextLong()
                    ? new Sum(
                            Math.max(0, words.nextLong()),
                            words.hasNextLong() ? words.nextLong() : Long.MAX_VALUE)
                    : Sum.NONE;
        } catch (IOException e) {
            LOG.warn("{}: earlier pauses are not known", directory.path(), e);
            return Sum.NONE;
        }
    }

    /// On Linux, CLOCK_MONOTONIC.
    private static long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }
}
