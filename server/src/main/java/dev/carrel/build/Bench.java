package dev.carrel.build;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.DeletionReason;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.store.ProjectId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A sandbox that a build works in.
record Bench(Sandboxes sandboxes, ProjectId project, SandboxId id) implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Bench.class);

    SandboxFiles files() {
        return sandboxes.files(project, id);
    }

    /// Runs a command to its end; what it leaves running is killed.
    ExecutionResult run(ExecutionRequest request, Execution.OutputListener output)
            throws InterruptedException {
        Execution execution = sandboxes.start(project, id, ExecutionId.next(), request);
        boolean ended = false;
        try {
            ExecutionResult result = execution.follow(output);
            ended = true;
            return result;
        } finally {
            if (ended) {
                sandboxes.killAll(project, id);
            }
        }
    }

    @Override
    public void close() {
        Undisturbed.call(() -> {
            delete();
            return id;
        });
    }

    private void delete() {
        try {
            sandboxes.delete(project, id, new DeletionReason("its build has ended"));
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.SANDBOX_NOT_FOUND) {
                LOG.warn("the sandbox {} of a build stays until its ttl", id, e);
            }
        }
    }
}
