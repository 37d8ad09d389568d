package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The commands of one sandbox that run, whoever started them: there is a limit to them. Any thread
/// uses it; starting one more happens outside of its lock.
final class RunningExecutions {
    private final SandboxId sandbox;
    private final ExecutionLimits limits;

    /// Guarded by itself. Null while an execution is being started. Some may have ended: whoever
    /// needs the room looks.
    private final Map<ExecutionId, @Nullable Execution> running = new HashMap<>();

    /// Guarded by `running`: whatever comes to run now is not for us to count.
    private boolean closed;

    private final AtomicReference<@Nullable RunningSandbox> adopted = new AtomicReference<>();

    RunningExecutions(SandboxId sandbox, ExecutionLimits limits) {
        this.sandbox = sandbox;
        this.limits = limits;
    }

    Optional<Execution> get(ExecutionId id) {
        synchronized (running) {
            return Optional.ofNullable(running.get(id)).filter(Execution::isRunning);
        }
    }

    /// Counts what runs in `sandbox` by an earlier server's doing, once for each that is started.
    void adopt(RunningSandbox started) {
        if (Objects.equals(adopted.getAndSet(started), started)) {
            return;
        }
        for (Execution execution : started.executions()) {
            synchronized (running) {
                if (!closed && !running.containsKey(execution.id())) {
                    running.put(execution.id(), execution);
                    limits.add(this);
                    limits.take();
                }
            }
        }
    }

    /// Starts one more. Fails with `TOO_MANY_EXECUTIONS`.
    Execution start(ExecutionId id, ExecutionRequest request, RunningSandbox in) {
        Optional<Execution> known = get(id);
        if (known.isPresent()) {
            return known.get();
        }
        adopt(in);
        boolean counted = count(id);
        @Nullable Execution started = null;
        try {
            started = in.start(id, request);
            return started;
        } finally {
            if (counted) {
                settle(id, started);
            }
        }
    }

    /// Whether this call made room for it; if not, another one did and starts the same.
    private boolean count(ExecutionId id) {
        if (!limits.tryTake()) {
            throw tooMany("this server", limits.inAll());
        }
        boolean counted = false;
        try {
            synchronized (running) {
                dropEnded();
                if (!closed && !running.containsKey(id)) {
                    if (running.size() >= limits.perSandbox()) {
                        throw tooMany("sandbox " + sandbox, limits.perSandbox());
                    }
                    running.put(id, null);
                    limits.add(this);
                    counted = true;
                }
            }
            return counted;
        } finally {
            if (!counted) {
                limits.give();
            }
        }
    }

    private void settle(ExecutionId id, @Nullable Execution started) {
        synchronized (running) {
            if (closed || started == null || !started.isRunning()) {
                running.remove(id);
                limits.give();
            } else {
                running.put(id, started);
            }
        }
    }

    /// Gives up the places of those that have ended.
    void dropEnded() {
        synchronized (running) {
            running.values()
                    .removeIf(execution -> {
                        boolean ended = execution != null && !execution.isRunning();
                        if (ended) {
                            limits.give();
                        }
                        return ended;
                    });
        }
    }

    /// Its sandbox is gone, and what ran in it does not count any more. Whoever is starting one
    /// gives its place back.
    void close() {
        synchronized (running) {
            closed = true;
            running.values().stream().filter(Objects::nonNull).forEach(_ -> limits.give());
            running.clear();
            limits.remove(this);
        }
    }

    private static CarrelException tooMany(String who, int limit) {
        return new CarrelException(
                ErrorCode.TOO_MANY_EXECUTIONS,
                "%s runs %d commands, which is the limit; wait for one or kill one"
                        .formatted(who, limit));
    }
}
