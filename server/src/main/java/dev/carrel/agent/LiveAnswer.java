package dev.carrel.agent;

import dev.carrel.model.ChatListener;
import java.util.HashMap;
import java.util.Map;

/// Publishes an answer while it arrives, and sees to it that tool call ids are unique in the
/// session: some providers count them from 0 in every answer, and a call's id names its execution.
final class LiveAnswer implements ChatListener {
    private final Turn turn;
    private final Map<Integer, String> ids = new HashMap<>();

    LiveAnswer(Turn turn) {
        this.turn = turn;
    }

    /// The id under which the answer's call number `index` goes, the same each time.
    String uniqueId(int index, String given) {
        String known = ids.get(index);
        if (known != null) {
            return known;
        }
        String id = given;
        for (int n = 2; turn.isTaken(id) || ids.containsValue(id); n++) {
            id = given + "_" + n;
        }
        ids.put(index, id);
        return id;
    }

    @Override
    public void text(String delta) {
        turn.publish(new Delta.Text(delta));
    }

    @Override
    public void reasoning(String delta) {
        turn.publish(new Delta.Reasoning(delta));
    }

    @Override
    public void toolCall(int index, String id, String name, String argumentsDelta) {
        turn.publish(new Delta.ToolArguments(uniqueId(index, id), name, argumentsDelta));
    }

    @Override
    public void restarted() {
        ids.clear();
        turn.publish(new Delta.Restarted());
    }
}
