package dev.carrel.agent;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What was asked and said about the tool calls of a session, folded from its journal. Only what
/// somebody said counts: a question without an answer stays one, whatever happened to the server.
/// Used by one thread.
public final class Approvals {
    /// What a "for the session" covers: calls of this tool that this pattern makes wait.
    private record Grant(String tool, String pattern) {}

    private final Map<String, Event.ApprovalRequested> waiting = new LinkedHashMap<>();
    private final Map<String, Event.ApprovalDecided> decided = new HashMap<>();
    private final Set<Grant> granted = new HashSet<>();

    Approvals() {}

    void requested(Event.ApprovalRequested request) {
        waiting.putIfAbsent(request.callId(), request);
    }

    void decided(Event.ApprovalDecided decision) {
        waiting.remove(decision.callId());
        decided.putIfAbsent(decision.callId(), decision);
        if (decision.allowed() && decision.forSession()) {
            var grant = new Grant(decision.tool(), decision.pattern());
            granted.add(grant);
            // They are looked at again: another pattern may hold them back.
            waiting.values().removeIf(w -> new Grant(w.tool(), w.pattern()).equals(grant));
        }
    }

    void answered(String callId) {
        waiting.remove(callId);
    }

    /// Questions that were not answered by now are void.
    void turnEnded() {
        waiting.clear();
    }

    /// The calls that wait for somebody's word, in the order of asking.
    public List<Event.ApprovalRequested> waiting() {
        return List.copyOf(waiting.values());
    }

    boolean isWaiting(String callId) {
        return waiting.containsKey(callId);
    }

    /// What was said about a call.
    public Optional<Event.ApprovalDecided> decision(String callId) {
        return Optional.ofNullable(decided.get(callId));
    }

    boolean isGranted(String tool, String pattern) {
        return granted.contains(new Grant(tool, pattern));
    }
}
