package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/// The commands of one sandbox that this server started and has not seen end: there is a limit to
/// them. Those that an earlier server started do not count.
final class RunningExecutions {
    private final SandboxId sandbox;
    private final int limit;
    private final Semaphore slots;
    private final Map<ExecutionId, Counted> running = new ConcurrentHashMap<>();

    RunningExecutions(SandboxId sandbox, int limit) {
        this.sandbox = sandbox;
        this.limit = limit;
        this.slots = new Semaphore(limit);
    }

    Optional<Execution> get(ExecutionId id) {
        return Optional.ofNullable(running.get(id));
    }

    /// Starts one more by `start`. Fails with `TOO_MANY_EXECUTIONS`.
    Execution start(ExecutionId id, Supplier<Execution> start) {
        Counted known = running.get(id);
        if (known != null) {
            return known;
        }
        takeSlot();
        boolean counted = false;
        try {
            var fresh = new Counted(start.get());
            Counted other = running.putIfAbsent(id, fresh);
            counted = other == null;
            return other == null ? fresh : other;
        } finally {
            if (!counted) {
                slots.release();
            }
        }
    }

    private void takeSlot() {
        if (slots.tryAcquire()) {
            return;
        }
        // Whoever follows a command sees its end at once; only those that nobody follows are asked.
        running.values().forEach(Counted::result);
        if (!slots.tryAcquire()) {
            throw new CarrelException(
                    ErrorCode.TOO_MANY_EXECUTIONS,
                    "sandbox %s runs %d commands, which is the limit; wait for one or kill one"
                            .formatted(sandbox, limit));
        }
    }

    private void release(ExecutionId id) {
        if (running.remove(id) != null) {
            slots.release();
        }
    }

    /// Gives its slot back when somebody sees it ended.
    private final class Counted implements Execution {
        private final Execution execution;

        Counted(Execution execution) {
            this.execution = execution;
        }

        @Override
        public ExecutionId id() {
            return execution.id();
        }

        @Override
        public boolean isRunning() {
            return execution.isRunning();
        }

        @Override
        public ExecutionResult result() {
            return seen(execution.result());
        }

        @Override
        public ExecutionResult follow(OutputListener output) throws InterruptedException {
            return seen(execution.follow(output));
        }

        @Override
        public void kill() {
            execution.kill();
        }

        private ExecutionResult seen(ExecutionResult result) {
            if (result.status() != ExecutionStatus.RUNNING) {
                release(id());
            }
            return result;
        }
    }
}
