package dev.carrel.agent;

import dev.carrel.tool.ToolContext;
import java.util.Optional;

/// What a turn works in, as its loop sees it.
@FunctionalInterface
public interface Workspace {
    /// What one tool call may touch; the id of a call is unique in the session.
    ToolContext context(String callId);

    /// Keeps the files as they are now, so that the session can go back to them: after the call
    /// `after`, or, without one, as the turn has found them. Returns what to write into the journal
    /// about it, also if that failed; nothing where there are no files, or none are ever kept.
    default Optional<Event> keepFiles(Optional<String> after) {
        return Optional.empty();
    }
}
