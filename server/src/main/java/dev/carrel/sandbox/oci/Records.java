package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
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
record Records(Host host, Connections connections, Memories memories) {
    Optional<Execution> find(SandboxId id, ExecutionId execution) {
        SandboxFolder folder = host.instance().sandbox(id);
        if (!Files.isDirectory(folder.run())) {
            return Optional.empty();
        }
        try {
            Optional<Attached> running = connections.to(id);
            if (running.isPresent()) {
                return running.get().find(execution);
            }
            var directory = new RunDirectory(folder.run());
            var files = new ExecutionFiles(directory, execution);
            if (memories.are(folder) && files.wasStarted() && files.exit().isEmpty()) {
                throw new CarrelException(
                        ErrorCode.SANDBOX_NOT_RUNNING,
                        "sandbox " + id + " is paused on disk; resume it first");
            }
            return RecordedExecution.find(directory, execution);
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
                    : new ExecutionList(
                                    new RunDirectory(folder.run()), open -> memories.are(folder))
                            .page(after, limit, Instant.now());
        } catch (IOException e) {
            throw Failures.failed(id, "be looked up", e);
        }
    }

    /// What ended with a sandbox that ended unasked, while nobody listened: whether for want of
    /// memory. Its control groups know, as long as they are there.
    void judgeLost(SandboxId id) throws IOException {
        SandboxFolder folder = host.instance().sandbox(id);
        long kills = host.groups().oomKills(id);
        if (kills == 0 || !Files.exists(folder.ready()) || !Files.isDirectory(folder.run())) {
            return;
        }
        Instant up = Files.getLastModifiedTime(folder.ready()).toInstant();
        var directory = new RunDirectory(folder.run());
        for (String name : directory.names()) {
            Optional<ExecutionId> execution = RunDirectory.executionOf(name, ".out");
            if (execution.isPresent()) {
                var files = new ExecutionFiles(directory, execution.get());
                // Those of earlier runs were counted by other groups.
                boolean ofThisRun = files.startOrNone().startedAt().isAfter(up);
                if (ofThisRun && files.exit().isEmpty()) {
                    files.judgeLost(kills);
                }
            }
        }
    }
}
