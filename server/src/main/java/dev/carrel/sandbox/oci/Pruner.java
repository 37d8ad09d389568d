package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.process.FileInfo;
import dev.carrel.sandbox.ExecutionId;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes the records of a sandbox's oldest executions, so that there are never many more than
/// [#KEPT]. What runs is never removed.
final class Pruner {
    static final int KEPT = 1000;

    /// Looking through the directory is not worth it for each single one.
    static final int EVERY = 100;

    private static final Logger LOG = LoggerFactory.getLogger(Pruner.class);

    private final RunDirectory directory;
    private final Supplier<Set<ExecutionId>> running;
    private final AtomicInteger sinceLast = new AtomicInteger(EVERY - 1);

    Pruner(RunDirectory directory, Supplier<Set<ExecutionId>> running) {
        this.directory = directory;
        this.running = running;
    }

    /// To be told of each start; now and then prunes, on a thread of its own.
    void started() {
        if (sinceLast.incrementAndGet() == EVERY) {
            Thread.startVirtualThread(() -> {
                sinceLast.set(0);
                try {
                    prune();
                } catch (IOException | CarrelException e) {
                    LOG.warn("Old executions in {} were not removed", directory.path(), e);
                }
            });
        }
    }

    private record Aged(ExecutionId id, Instant age) {}

    /// Removes what is too much now.
    void prune() throws IOException {
        Map<ExecutionId, Instant> ages = new HashMap<>();
        for (String name : directory.names()) {
            Optional<ExecutionId> id = id(name);
            if (id.isPresent()) {
                Instant age = directory.stat(name).map(FileInfo::modifiedAt).orElse(Instant.EPOCH);
                ages.merge(id.get(), age, (a, b) -> a.isAfter(b) ? a : b);
            }
        }
        if (ages.size() <= KEPT) {
            return;
        }
        // Asked after the directory was read: what is in it and not in the answer has ended.
        ages.keySet().removeAll(running.get());
        List<Aged> oldestFirst = new ArrayList<>();
        ages.forEach((id, age) -> oldestFirst.add(new Aged(id, age)));
        oldestFirst.sort(Comparator.comparing(Aged::age));
        for (Aged old : oldestFirst.subList(0, Math.max(0, oldestFirst.size() - KEPT))) {
            new ExecutionFiles(directory, old.id()).delete();
        }
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
