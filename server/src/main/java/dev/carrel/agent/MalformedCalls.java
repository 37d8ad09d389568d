package dev.carrel.agent;

import dev.carrel.tool.ToolStatus;
import java.util.HashSet;
import java.util.Set;

/// Counts steps in a row in which the model got no call right: each named no tool of the agent, or
/// its arguments did not fit. Used by one thread.
final class MalformedCalls {
    static final int STEPS_MAX = 5;

    private final Set<String> started = new HashSet<>();
    private int before;
    private boolean refused;
    private boolean understood;

    void restart() {
        before = 0;
        refused = false;
        understood = false;
        started.clear();
    }

    void answer() {
        before = steps();
        refused = false;
        understood = false;
        started.clear();
    }

    void started(String callId) {
        started.add(callId);
    }

    /// What is refused before it runs was never started.
    void completed(Event.ToolCompleted done) {
        if (done.status() == ToolStatus.ERROR && !started.contains(done.callId())) {
            refused = true;
        } else {
            understood = true;
        }
    }

    /// The newest step included.
    int steps() {
        return refused && !understood ? before + 1 : 0;
    }
}
