package dev.carrel.sandbox;

import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import java.util.Optional;

/// All sandboxes of this server: what exists, in which state, and who may touch it. Every call
/// looks the id up together with the project and fails with `SANDBOX_NOT_FOUND` otherwise. Any
/// access starts a stopped sandbox again.
public final class Sandboxes {
    public Sandbox create(ProjectId project, SandboxSpec spec) {
        throw new IllegalStateException("not built yet");
    }

    /// The sandbox made for `spec.owner()`, created now if there is none. Two callers at once get
    /// the same one.
    public Sandbox createForOwner(ProjectId project, SandboxSpec spec) {
        throw new IllegalStateException("not built yet");
    }

    public Sandbox get(ProjectId project, SandboxId id) {
        throw new IllegalStateException("not built yet");
    }

    public Page<Sandbox> list(
            ProjectId project, SandboxFilter filter, int limit, Optional<String> cursor) {
        throw new IllegalStateException("not built yet");
    }

    public void delete(ProjectId project, SandboxId id) {
        throw new IllegalStateException("not built yet");
    }

    public SandboxFiles files(ProjectId project, SandboxId id) {
        throw new IllegalStateException("not built yet");
    }

    /// Starts a command; with an id that was started before, returns that execution and starts
    /// nothing.
    public Execution start(
            ProjectId project, SandboxId id, ExecutionId execution, ExecutionRequest request) {
        throw new IllegalStateException("not built yet");
    }

    /// Fails with `EXECUTION_NOT_FOUND` if it was never started.
    public Execution execution(ProjectId project, SandboxId id, ExecutionId execution) {
        throw new IllegalStateException("not built yet");
    }
}
