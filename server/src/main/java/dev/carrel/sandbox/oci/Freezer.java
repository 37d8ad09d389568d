package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// Holds every process of a sandbox still, and lets it go on, by its control group. Whether it is
/// held is asked of the kernel each time: no crash can make the answer wrong.
record Freezer(ControlGroups groups) {
    /// A process in the middle of a long disk access stands only after it.
    private static final Duration WAIT_MAX = Duration.ofSeconds(5);

    private static final int STATE_BYTES = 16;
    private static final Duration PAUSE_MIN = Duration.ofNanos(50_000);
    private static final Duration PAUSE_MAX = Duration.ofMillis(5);

    /// Returns when every process stands. On failure they all go on.
    void freeze(SandboxId id) throws IOException {
        Path file = file(id).orElseThrow(() -> new IOException("no control group to freeze"));
        boolean done = false;
        try {
            done = write(file, true);
        } finally {
            if (!done) {
                write(file, false);
            }
        }
        if (!done) {
            throw new IOException("the processes do not stand after " + WAIT_MAX);
        }
    }

    /// Returns when every process goes on. Does nothing where nothing is frozen.
    void thaw(SandboxId id) throws IOException {
        Optional<Path> file = file(id);
        if (file.isPresent() && isFrozen(id) && !write(file.get(), false)) {
            throw new IOException("the processes do not go on after " + WAIT_MAX);
        }
    }

    /// Whether it is frozen, or on the way there.
    boolean isFrozen(SandboxId id) {
        for (Path file : groups.places(id, name())) {
            Optional<String> state = read(file);
            if (state.isPresent()) {
                return switch (groups.layout()) {
                    case UNIFIED -> state.get().equals("1");
                    case SEPARATE -> !state.get().equals("THAWED");
                };
            }
        }
        return false;
    }

    // Each call of a sandbox asks: three system calls, where Java would make seven. Empty when it
    // is not there, or has ended meanwhile.
    private static Optional<String> read(Path file) {
        try (Fd open = Linux.open(file.toString(), Linux.O_RDONLY, 0)) {
            var text = new byte[STATE_BYTES];
            int size = Linux.read(open, text, 0, text.length);
            return Optional.of(new String(text, 0, size, StandardCharsets.US_ASCII).strip());
        } catch (LinuxException e) {
            return Optional.empty();
        }
    }

    private boolean write(Path file, boolean frozen) throws IOException {
        String word =
                switch (groups.layout()) {
                    case UNIFIED -> frozen ? "1" : "0";
                    case SEPARATE -> frozen ? "FROZEN" : "THAWED";
                };
        long deadline = System.nanoTime() + WAIT_MAX.toNanos();
        long pause = PAUSE_MIN.toNanos();
        // v1 wants to be told again as long as processes come in between.
        Files.writeString(file, word);
        while (!hasArrived(file, frozen)) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(pause);
            pause = Math.min(2 * pause, PAUSE_MAX.toNanos());
            Files.writeString(file, word);
        }
        return true;
    }

    private boolean hasArrived(Path file, boolean frozen) throws IOException {
        return switch (groups.layout()) {
            case UNIFIED ->
                    Files.readString(file.resolveSibling("cgroup.events"))
                            .lines()
                            .anyMatch(("frozen " + (frozen ? 1 : 0))::equals);
            case SEPARATE -> Files.readString(file).strip().equals(frozen ? "FROZEN" : "THAWED");
        };
    }

    /// Empty while it does not run, and where the kernel has no freezer.
    private Optional<Path> file(SandboxId id) {
        return groups.file(id, name());
    }

    private String name() {
        return switch (groups.layout()) {
            case UNIFIED -> "cgroup.freeze";
            case SEPARATE -> "freezer.state";
        };
    }
}
