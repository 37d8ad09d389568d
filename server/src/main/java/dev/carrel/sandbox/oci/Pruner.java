package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.process.FileInfo;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes the records of a sandbox's oldest executions, so that there are never many more than
/// [#KEPT], and their outputs are not much larger than [#KEPT_BYTES] together. What runs is never
/// removed, and the newest that ended stays, however large.
final class Pruner {
    static final int KEPT = 1000;
    static final long KEPT_BYTES = 256L << 20;

    /// Looking through the directory is a thousand times the work of one command's own files.
    static final int EVERY = 500;

    static final long EVERY_BYTES = KEPT_BYTES / 8;

    private static final Logger LOG = LoggerFactory.getLogger(Pruner.class);

    private final RunDirectory directory;
    private final Supplier<Set<ExecutionId>> running;
    private final AtomicInteger sinceLast = new AtomicInteger(EVERY - 1);
    private final AtomicLong bytesSinceLast = new AtomicLong();

    Pruner(RunDirectory directory, Supplier<Set<ExecutionId>> running) {
        this.directory = directory;
        this.running = running;
    }

    /// To be told of each start; now and then prunes, on a thread of its own.
    void started() {
        if (sinceLast.incrementAndGet() == EVERY) {
            pruneAside();
        }
    }

    /// To be told of each end, too.
    void ended(ExitRecord record) {
        long bytes = Math.clamp(record.stdoutBytes(), 0, ExecutionRequest.OUTPUT_BYTES_MAX);
        bytes += Math.clamp(record.stderrBytes(), 0, ExecutionRequest.OUTPUT_BYTES_MAX);
        long before = bytesSinceLast.getAndAdd(bytes);
        if (before < EVERY_BYTES && before + bytes >= EVERY_BYTES) {
            pruneAside();
        }
    }

    private void pruneAside() {
        Thread.startVirtualThread(() -> {
            sinceLast.set(0);
            bytesSinceLast.set(0);
            try {
                prune(KEPT, KEPT_BYTES);
            } catch (IOException | CarrelException e) {
                LOG.warn("Old executions in {} were not removed", directory.path(), e);
            }
        });
    }

    /// All files of one execution together.
    private record Size(Instant age, long bytes) {
        static Size of(FileInfo file) {
            return new Size(file.modifiedAt(), file.sizeBytes());
        }

        Size plus(Size other) {
            return new Size(age.isAfter(other.age) ? age : other.age, bytes + other.bytes);
        }
    }

    /// Removes the oldest while there are more than `count`, or they have more than `bytesMax`.
    void prune(int count, long bytesMax) throws IOException {
        Map<ExecutionId, Size> sizes = sizes();
        // Asked after the directory was read: what is in it and not in the answer has ended.
        sizes.keySet().removeAll(running.get());
        List<Map.Entry<ExecutionId, Size>> newestFirst = new ArrayList<>(sizes.entrySet());
        newestFirst.sort(Comparator.comparing(entry -> entry.getValue().age()));
        Collections.reverse(newestFirst);
        long bytes = 0;
        for (int i = 0; i < newestFirst.size(); i++) {
            bytes += newestFirst.get(i).getValue().bytes();
            if (i >= count || (i > 0 && bytes > bytesMax)) {
                new ExecutionFiles(directory, newestFirst.get(i).getKey()).delete();
            }
        }
    }

    private Map<ExecutionId, Size> sizes() throws IOException {
        Map<ExecutionId, Size> sizes = new HashMap<>();
        for (String name : directory.names()) {
            Optional<ExecutionId> id = id(name);
            Optional<FileInfo> file = id.isPresent() ? directory.stat(name) : Optional.empty();
            if (id.isPresent() && file.isPresent()) {
                sizes.merge(id.get(), Size.of(file.get()), Size::plus);
            }
        }
        return sizes;
    }

    private static Optional<ExecutionId> id(String name) {
        int dot = name.indexOf('.');
        try {
            return dot < 0
                    ? Optional.empty()
                    : Optional.of(new ExecutionId(name.substring(0, dot)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
