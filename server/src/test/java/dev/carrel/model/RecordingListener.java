package dev.carrel.model;

import java.util.ArrayList;
import java.util.List;

/// Collects what a model tells while it answers, as far as it is not void.
final class RecordingListener implements ChatListener {
    final StringBuilder text = new StringBuilder();
    final StringBuilder reasoning = new StringBuilder();
    final List<ToolCall> calls = new ArrayList<>();
    final List<Taken> lost = new ArrayList<>();
    int restarts;
    int pieces;

    @Override
    public void text(String delta) {
        pieces++;
        text.append(delta);
    }

    @Override
    public void reasoning(String delta) {
        pieces++;
        reasoning.append(delta);
    }

    @Override
    public void toolCall(int index, String id, String name, String argumentsDelta) {
        pieces++;
        if (index == calls.size()) {
            calls.add(new ToolCall(id, name, argumentsDelta));
            return;
        }
        ToolCall before = calls.get(index);
        if (!before.id().equals(id) || !before.name().equals(name)) {
            throw new AssertionError("call " + index + " changed from " + before + " to " + id);
        }
        calls.set(index, new ToolCall(id, name, before.arguments() + argumentsDelta));
    }

    @Override
    public void restarted() {
        restarts++;
        text.setLength(0);
        reasoning.setLength(0);
        calls.clear();
    }

    @Override
    public void lost(Taken taken) {
        lost.add(taken);
    }

    Message.Assistant heard(Message.Assistant whole) {
        return new Message.Assistant(
                text.toString(), reasoning.toString(), whole.reasoningSignature(), calls);
    }
}
