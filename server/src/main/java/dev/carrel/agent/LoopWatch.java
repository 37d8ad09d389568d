package dev.carrel.agent;

import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.tool.ToolStatus;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Sees a turn go in circles, by what its calls were and what became of them. Equal calls of one
/// answer count once: a model may well ask twice at the same time. Used by one thread.
final class LoopWatch {
    private static final int KEPT = LoopPattern.ALTERNATING.times();

    private record Outcome(String tool, String arguments, ToolStatus status, String result) {
        boolean sameError(Outcome other) {
            return status == ToolStatus.ERROR
                    && other.status == ToolStatus.ERROR
                    && tool.equals(other.tool)
                    && result.equals(other.result);
        }
    }

    /// The newest last.
    private final List<Outcome> last = new ArrayList<>();

    private final Set<Outcome> ofThisStep = new HashSet<>();
    private final Map<String, String> arguments = new HashMap<>();
    private Message.Assistant spoken = silence();
    private int sameAnswers;

    /// Forgets what was.
    void restart() {
        last.clear();
        ofThisStep.clear();
        spoken = silence();
        sameAnswers = 0;
    }

    void answer(Message.Assistant answer) {
        ofThisStep.clear();
        arguments.clear();
        for (ToolCall call : answer.toolCalls()) {
            arguments.put(call.id(), call.arguments().strip());
        }
        boolean again =
                answer.toolCalls().isEmpty()
                        && spoken.toolCalls().isEmpty()
                        && answer.text().strip().equals(spoken.text().strip());
        sameAnswers = again ? sameAnswers + 1 : answer.toolCalls().isEmpty() ? 1 : 0;
        spoken = answer;
        if (answer.toolCalls().isEmpty()) {
            last.clear();
        }
    }

    /// A call that was interrupted says nothing about the model.
    void completed(Event.ToolCompleted done) {
        String given = arguments.remove(done.callId());
        if (given == null || done.status() == ToolStatus.INTERRUPTED) {
            return;
        }
        var outcome = new Outcome(done.tool(), given, done.status(), done.result());
        if (ofThisStep.add(outcome)) {
            last.add(outcome);
            if (last.size() > KEPT) {
                last.removeFirst();
            }
        }
    }

    Optional<LoopPattern> pattern() {
        if (sameAnswers >= LoopPattern.MONOLOGUE.times()) {
            return Optional.of(LoopPattern.MONOLOGUE);
        } else if (ends(LoopPattern.SAME_CALL.times(), 1)) {
            return Optional.of(LoopPattern.SAME_CALL);
        } else if (sameErrors()) {
            return Optional.of(LoopPattern.SAME_ERROR);
        } else if (ends(LoopPattern.ALTERNATING.times(), 2)) {
            return Optional.of(LoopPattern.ALTERNATING);
        }
        return Optional.empty();
    }

    /// Whether each of the last outcomes is as the one `period` before it.
    private boolean ends(int times, int period) {
        int size = last.size();
        if (size < times) {
            return false;
        }
        for (int i = size - times + period; i < size; i++) {
            if (!last.get(i).equals(last.get(i - period))) {
                return false;
            }
        }
        return true;
    }

    private boolean sameErrors() {
        int times = LoopPattern.SAME_ERROR.times();
        return last.size() >= times
                && last.subList(last.size() - times, last.size()).stream()
                        .allMatch(each -> each.sameError(last.getLast()));
    }

    private static Message.Assistant silence() {
        return new Message.Assistant("", "", Optional.empty(), List.of());
    }
}
