package dev.carrel.sandbox;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// How many commands run at once: in one sandbox, and in all of this server together. What an
/// earlier server started counts, so there may be more than the limit when it was lowered.
final class ExecutionLimits {
    static final int IN_ALL_MAX = 1000;

    private final int perSandbox;
    private final int inAll;
    private final AtomicInteger taken = new AtomicInteger();
    private final Set<RunningExecutions> sandboxes = ConcurrentHashMap.newKeySet();

    ExecutionLimits(int perSandbox, int inAll) {
        this.perSandbox = perSandbox;
        this.inAll = inAll;
    }

    int perSandbox() {
        return perSandbox;
    }

    int inAll() {
        return inAll;
    }

    /// Looked through for ended commands when there is no room.
    void add(RunningExecutions executions) {
        sandboxes.add(executions);
    }

    void remove(RunningExecutions executions) {
        sandboxes.remove(executions);
    }

    boolean tryTake() {
        if (takeOne()) {
            return true;
        }
        sandboxes.forEach(RunningExecutions::dropEnded);
        return takeOne();
    }

    private boolean takeOne() {
        return taken.getAndUpdate(count -> count < inAll ? count + 1 : count) < inAll;
    }

    /// Whatever the limit.
    void take() {
        taken.incrementAndGet();
    }

    void give() {
        taken.decrementAndGet();
    }
}
