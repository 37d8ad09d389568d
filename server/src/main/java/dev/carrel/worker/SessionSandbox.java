package dev.carrel.worker;

import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Cancellation;
import dev.carrel.sandbox.DeletionReason;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.NetworkTarget;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.Lease;
import dev.carrel.session.Session;
import dev.carrel.session.Sessions;
import dev.carrel.store.StoreException;
import dev.carrel.tool.PostponedException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The sandbox of a session while one of its turns runs: the one it has, or one that is made at the
/// first use and then stays the session's. A sandbox that was deleted is not replaced: its files
/// are gone, and an agent that goes on in an empty one would not know.
///
/// Used by the threads of all tool calls of the turn. They may come at once: to find or make the
/// sandbox is safe to do twice.
final class SessionSandbox {
    private final Sessions sessions;
    private final Sandboxes sandboxes;
    private final Lease lease;
    private final WorkspaceSettings settings;
    private volatile @Nullable SandboxId ready;

    SessionSandbox(
            Sessions sessions, Sandboxes sandboxes, Lease lease, WorkspaceSettings settings) {
        this.sessions = sessions;
        this.sandboxes = sandboxes;
        this.lease = lease;
        this.settings = settings;
    }

    SandboxFiles files() {
        return sandboxes.files(lease.project(), id());
    }

    Execution start(ExecutionId execution, ExecutionRequest request) {
        return sandboxes.start(lease.project(), id(), execution, request);
    }

    /// The next owner of the turn may be at work in the sandbox already.
    private SandboxId id() {
        if (lease.abandonment().isCancelled()) {
            throw new Cancellation.CancelledException();
        }
        @Nullable SandboxId known = ready;
        if (known != null) {
            return known;
        }
        try {
            return findOrMake();
        } catch (StoreException e) {
            throw new PostponedException(e);
        }
    }

    private SandboxId findOrMake() {
        Session session = sessions.get(lease.project(), lease.session());
        SandboxId id = session.sandbox().map(this::present).orElseGet(() -> make(session));
        sandboxes.files(lease.project(), id).makeDirectory(WorkspaceSettings.DIRECTORY);
        ready = id;
        return id;
    }

    private SandboxId present(SandboxId id) {
        try {
            return sandboxes.get(lease.project(), id).id();
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.SANDBOX_NOT_FOUND) {
                throw e;
            }
            throw new CarrelException(
                    ErrorCode.SANDBOX_NOT_FOUND,
                    "sandbox "
                            + id
                            + " of this session was deleted, and its files with it: no tool that"
                            + " needs it can run; start a new session",
                    e);
        }
    }

    private SandboxId make(Session session) {
        SandboxId made = sandboxes.createForOwner(lease.project(), spec(session)).id();
        if (!sessions.bindSandbox(lease.project(), session.id(), made)) {
            requireStillBound(session, made);
        }
        return made;
    }

    /// Another call of this turn may have bound the same sandbox. But a session that was deleted
    /// meanwhile leaves the sandbox to nobody.
    private void requireStillBound(Session session, SandboxId made) {
        try {
            sessions.get(lease.project(), session.id());
        } catch (CarrelException e) {
            sandboxes.delete(lease.project(), made, DeletionReason.withOwner(session.id().value()));
            throw e;
        }
    }

    private SandboxSpec spec(Session session) {
        SandboxSpec defaults = SandboxSpec.defaults();
        Resources resources = defaults.resources();
        return defaults.toBuilder()
                .image(settings.image().orElse(defaults.image()))
                .isolation(
                        settings.isolation()
                                .flatMap(Isolation::of)
                                .orElseGet(sandboxes::isolationByDefault))
                .resources(
                        new Resources(
                                settings.cpus().orElse(resources.cpus()),
                                settings.memoryMib().orElse(resources.memoryMib()),
                                settings.diskMib().orElse(resources.diskMib()),
                                resources.processesMax()))
                .network(network())
                .user(session.user())
                .owner(Optional.of(session.id().value()))
                .build();
    }

    private NetworkPolicy network() {
        return new NetworkPolicy(
                settings.internet().orElse(true),
                settings.allow().stream().map(NetworkTarget::parse).toList(),
                settings.deny().stream().map(NetworkTarget::parse).toList(),
                List.of());
    }
}
