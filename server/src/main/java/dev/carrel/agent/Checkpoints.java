package dev.carrel.agent;

import dev.carrel.agent.Conversation.OpenCall;
import java.util.List;
import java.util.Optional;

/// Has the files of a session kept whenever a call may have changed them: before the first call of
/// a turn, and after each that does not only read. Nothing else of this session runs meanwhile.
final class Checkpoints {
    private final Workspace workspace;
    private final Toolbox toolbox;

    Checkpoints(Workspace workspace, Toolbox toolbox) {
        this.workspace = workspace;
        this.toolbox = toolbox;
    }

    /// Does nothing where nothing has changed. Where there are no files yet, it is asked again.
    void keep(Turn turn) {
        UnsavedCalls unsaved = turn.state().unsavedCalls();
        List<String> writers =
                unsaved.ended().stream()
                        .filter(call -> toolbox.mayWrite(call.tool()))
                        .map(Event.ToolCompleted::callId)
                        .toList();
        List<OpenCall> open = turn.state().openCalls();
        boolean opening =
                !unsaved.kept() && !open.isEmpty() && open.stream().noneMatch(OpenCall::started);
        if (!writers.isEmpty()) {
            keep(turn, Optional.of(writers.getLast()));
        } else if (opening) {
            keep(turn, Optional.empty());
        }
    }

    private void keep(Turn turn, Optional<String> after) {
        turn.flush();
        workspace.keepFiles(after).ifPresent(turn::note);
    }
}
