package dev.carrel.session;

import dev.carrel.agent.TurnId;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import java.util.List;
import java.util.Optional;

/// All sessions and their journals. Every call looks the id up together with the project and fails
/// with `SESSION_NOT_FOUND` otherwise.
public final class Sessions {
    /// Fails with `AGENT_NOT_FOUND`.
    public Session create(ProjectId project, NewSession session) {
        throw new IllegalStateException("not built yet");
    }

    public Session get(ProjectId project, SessionId id) {
        throw new IllegalStateException("not built yet");
    }

    /// Newest first.
    public Page<Session> list(ProjectId project, int limit, Optional<String> cursor) {
        throw new IllegalStateException("not built yet");
    }

    /// Ends a running turn and removes the session with its journal; the caller removes its
    /// sandbox.
    public void delete(ProjectId project, SessionId id) {
        throw new IllegalStateException("not built yet");
    }

    /// Appends the input and queues a turn, durably and in one step. A turn that is queued or
    /// running is not disturbed: this one comes after it. Fails with `CONFLICT` when a caller
    /// result answers no open call.
    public TurnId send(ProjectId project, SessionId id, TurnInput input) {
        throw new IllegalStateException("not built yet");
    }

    /// Stops the running turn, if there is one, soon; what it did stays.
    public void interrupt(ProjectId project, SessionId id) {
        throw new IllegalStateException("not built yet");
    }

    /// Entries with a sequence number above `after`, oldest first.
    public List<StreamItem.Recorded> events(
            ProjectId project, SessionId id, long after, int limit) {
        throw new IllegalStateException("not built yet");
    }

    /// Every entry above `after`, exactly once and in order, then live ones as they happen.
    public Subscription subscribe(ProjectId project, SessionId id, long after) {
        throw new IllegalStateException("not built yet");
    }
}
