package dev.carrel.agent;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The calls of a turn that have run since its files were kept last. Used by one thread.
final class UnsavedCalls {
    private final Set<String> started = new HashSet<>();
    private final List<Event.ToolCompleted> ended = new ArrayList<>();
    private boolean kept;

    void add(Event event) {
        if (event instanceof Event.TurnStarted) {
            started.clear();
            ended.clear();
            kept = false;
        } else if (event instanceof Event.ToolStarted call) {
            started.add(call.callId());
        } else if (event instanceof Event.ToolCompleted call && started.remove(call.callId())) {
            ended.add(call);
        } else if (event instanceof Event.SnapshotTaken || event instanceof Event.SnapshotFailed) {
            ended.clear();
            kept = true;
        }
    }

    /// Whether the files were kept, or that was tried, in this turn.
    boolean kept() {
        return kept;
    }

    /// Those that have run and ended since, the last one last.
    List<Event.ToolCompleted> ended() {
        return ended;
    }
}
