package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionSummary;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.Cursor;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The executions of sandboxes, running or not: of one that runs, its pid 1 knows what goes on, of
/// others the files tell.
record Records(Host host, Connections connections) {
    Optional<Execution> find(SandboxId id, ExecutionId execution) {
        SandboxFolder folder = host.instance().sandbox(id);
        if (!Files.isDirectory(folder.run())) {
            return Optional.empty();
        }
        try {
            Optional<Attached> running = connections.to(id);
            return running.isPresent()
                    ? running.get().find(execution)
                    : RecordedExecution.find(new RunDirectory(folder.run()), execution);
        } catch (IOException e) {
            throw Failures.failed(id, "be looked up", e);
        }
    }

    List<ExecutionSummary> page(SandboxId id, Cursor after, int limit) {
        SandboxFolder folder = host.instance().sandbox(id);
        if (!Files.isDirectory(folder.run())) {
            return List.of();
        }
        try {
            Optional<Attached> running = connections.to(id);
            return running.isPresent()
                    ? running.get().executions(after, limit)
                    : new ExecutionList(new RunDirectory(folder.run()), absent -> false)
                            .page(after, limit, Instant.now());
        } catch (IOException e) {
            throw Failures.failed(id, "be looked up", e);
        }
    }
}
