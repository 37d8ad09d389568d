package dev.carrel.worker;

import dev.carrel.agent.Event;
import dev.carrel.agent.Workspace;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.model.Cancellation;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.FileKeeper;
import dev.carrel.session.Lease;
import dev.carrel.session.SessionFiles;
import dev.carrel.session.SessionJournal;
import dev.carrel.store.StoreException;
import dev.carrel.tool.Memory;
import dev.carrel.tool.PostponedException;
import dev.carrel.tool.ToolContext;
import java.util.Optional;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// The sandbox of a session while one of its turns runs. Used by the threads of all tool calls of
/// the turn, which may come at once.
final class SessionSandbox implements Workspace {
    private final Shared shared;
    private final LongFunction<Memory> memory;
    private final Lease lease;
    private final SessionJournal journal;
    private final WorkspaceSettings settings;
    private volatile @Nullable SandboxId ready;

    /// What the sandboxes of all turns are made of.
    record Shared(Sandboxes sandboxes, SessionFiles files, FileKeeper keeper) {}

    /// `memory` takes the number of the entry that says that a call was started.
    SessionSandbox(
            Shared shared,
            LongFunction<Memory> memory,
            Lease lease,
            SessionJournal journal,
            WorkspaceSettings settings) {
        this.shared = shared;
        this.memory = memory;
        this.lease = lease;
        this.journal = journal;
        this.settings = settings;
    }

    @Override
    public ToolContext context(String callId) {
        return new SandboxToolContext(this, memory, journal, lease, callId);
    }

    @Override
    public Optional<Event> keepFiles(Optional<String> after) {
        requireLease();
        return shared.keeper().keep(lease, journal, settings, after);
    }

    SandboxFiles files() {
        return shared.sandboxes().files(lease.project(), id());
    }

    Execution start(ExecutionId execution, ExecutionRequest request) {
        return shared.sandboxes().start(lease.project(), id(), execution, request);
    }

    private SandboxId id() {
        requireLease();
        @Nullable SandboxId known = ready;
        if (known != null) {
            return known;
        }
        try {
            return ready();
        } catch (StoreException e) {
            throw new PostponedException(e);
        }
    }

    private SandboxId ready() {
        SandboxId id = shared.files().ready(lease.project(), lease.session(), settings);
        shared.sandboxes().files(lease.project(), id).makeDirectory(WorkspaceSettings.DIRECTORY);
        ready = id;
        return id;
    }

    /// The next owner of the turn may be at work in the sandbox already.
    private void requireLease() {
        if (lease.abandonment().isCancelled()) {
            throw new Cancellation.CancelledException();
        }
    }
}
