package dev.carrel.agent;

import java.util.List;

/// The session's journal as the agent loop sees it, for the turn it runs. One thread uses it at a
/// time.
public interface Journal {
    /// All entries of the session so far, oldest first, the ones appended through this object
    /// included.
    List<Event> events();

    /// Appends one entry; durable when this returns. Fails when this worker no longer owns the
    /// turn: then nothing was written and the loop must stop without touching the sandbox again.
    void append(Event event);

    /// Tells live readers; never blocks, never fails.
    void publish(Delta delta);
}
