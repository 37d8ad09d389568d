package dev.carrel.sandbox.oci;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.OptionalInt;

/// How pid 1 says that an execution ended: the line that it writes to `<id>.exit`. Bytes are those
/// in the output file; written are all that the command wrote.
record ExitRecord(
        int waitStatus,
        int flags,
        long stdoutBytes,
        long stderrBytes,
        boolean truncated,
        Instant startedAt,
        Duration duration) {
    /// More than any record has; what is longer is none.
    static final int BYTES_MAX = 256;

    private static final int FORMAT = 1;
    private static final int FIELDS = 10;
    private static final int TIMED_OUT = 1;
    private static final int KILLED = 2;
    private static final int MEMORY_RAN_OUT = 4;
    private static final int SIGKILL = 9;

    /// Empty for anything that is not a record: whoever controls pid 1 may write what they like.
    static Optional<ExitRecord> parse(byte[] line) {
        String[] fields = new String(line, StandardCharsets.US_ASCII).strip().split(" ");
        boolean whole = line.length > 0 && line[line.length - 1] == '\n';
        if (!whole || line.length > BYTES_MAX || fields.length != FIELDS) {
            return Optional.empty();
        }
        var numbers = new long[FIELDS];
        try {
            for (int i = 0; i < FIELDS; i++) {
                numbers[i] = Long.parseLong(fields[i]);
                if (numbers[i] < 0) {
                    return Optional.empty();
                }
            }
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
        if (numbers[0] != FORMAT) {
            return Optional.empty();
        }
        return Optional.of(
                new ExitRecord(
                        (int) numbers[1],
                        (int) numbers[2],
                        numbers[3],
                        numbers[4],
                        numbers[5] > numbers[3] || numbers[6] > numbers[4],
                        Instant.ofEpochMilli(numbers[7]),
                        Duration.of(numbers[9], ChronoUnit.MICROS)));
    }

    /// The signal that ended it.
    OptionalInt signal() {
        int signal = waitStatus & 0x7f;
        return signal == 0 ? OptionalInt.empty() : OptionalInt.of(signal);
    }

    int exitCode() {
        return signal().isPresent() ? 128 + signal().getAsInt() : waitStatus >> 8 & 0xff;
    }

    boolean failed() {
        return exitCode() != 0;
    }

    /// The flag alone would not do: the command may have ended just before the signal came.
    boolean timedOut() {
        return (flags & TIMED_OUT) != 0 && signal().equals(OptionalInt.of(SIGKILL));
    }

    /// While it ran, a kernel that the sandbox has for itself has killed for want of memory.
    boolean memoryRanOut() {
        return (flags & MEMORY_RAN_OUT) != 0;
    }

    boolean killedOnRequest() {
        return (flags & KILLED) != 0 && signal().isPresent();
    }
}
