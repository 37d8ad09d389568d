package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
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
        Optional<Path> file = file(id);
        if (file.isEmpty()) {
            return false;
        }
        try {
            String state = Files.readString(file.get()).strip();
            return switch (groups.layout()) {
                case UNIFIED -> state.equals("1");
                case SEPARATE -> !state.equals("THAWED");
            };
        } catch (IOException e) {
            return false; // it has ended meanwhile
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
        return groups.file(
                id,
                switch (groups.layout()) {
                    case UNIFIED -> "cgroup.freeze";
                    case SEPARATE -> "freezer.state";
                });
    }
}
