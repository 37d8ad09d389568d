package dev.carrel.agent;

import static dev.carrel.agent.Stage.call;
import static dev.carrel.agent.Stage.calls;
import static dev.carrel.agent.Stage.journal;
import static dev.carrel.agent.Stage.shape;
import static dev.carrel.agent.Stage.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.carrel.agent.ListJournal.Moment;
import dev.carrel.tool.ToolContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CheckpointsTest {
    private final Stage stage = new Stage();
    private final Kept kept = new Kept();

    /// Has files from the start, or from the first call on.
    private final class Kept implements Workspace {
        final List<String> asked = new ArrayList<>();
        boolean hasFiles = true;
        boolean fails;

        @Override
        public ToolContext context(String callId) {
            hasFiles = true;
            return stage.new Context(callId);
        }

        @Override
        public Optional<Event> keepFiles(Optional<String> after) {
            if (!hasFiles) {
                return Optional.empty();
            }
            asked.add(after.orElse("opening"));
            return Optional.of(
                    fails
                            ? new Event.SnapshotFailed(1, new Event.TurnError("disk_full", ""))
                            : new Event.SnapshotTaken(after.orElse("opening"), 1));
        }
    }

    private ListJournal run(ListJournal journal) {
        new AgentLoop(stage.agent(), stage.models(), stage.tools, journal, kept, stage.cancellation)
                .run();
        return journal;
    }

    @Test
    void filesAreKeptBeforeTheFirstCallAndAfterEachThatMayWrite() {
        stage.script(
                calls(call("a", "look", "1"), call("b", "touch", "2"), call("c", "touch", "3")),
                calls(call("d", "look", "4")),
                text("done"));

        assertThat(shape(run(journal()).events()))
                .containsSubsequence(
                        "answer:1",
                        "kept:opening",
                        "started:a",
                        "ok:a",
                        "started:b",
                        "ok:b",
                        "kept:b",
                        "started:c",
                        "ok:c",
                        "kept:c",
                        "model:2",
                        "answer:2",
                        "started:d",
                        "ok:d",
                        "model:3");
        assertThat(kept.asked).containsExactly("opening", "b", "c");
    }

    @Test
    void aTurnWithoutCallsKeepsNothing() {
        stage.script(text("done"));

        run(journal());

        assertThat(kept.asked).isEmpty();
    }

    @Test
    void whereThereAreNoFilesYetTheyAreKeptAfterTheFirstCall() {
        kept.hasFiles = false;
        stage.script(calls(call("a", "touch", "1")), text("done"));

        run(journal());

        assertThat(kept.asked).containsExactly("a");
    }

    @Test
    void whatCannotBeKeptIsTriedOnceForEachChange() {
        kept.fails = true;
        stage.script(calls(call("a", "touch", "1")), calls(call("b", "touch", "2")), text("done"));

        assertThat(shape(run(journal()).events())).contains("not kept:disk_full", "end:end");
        assertThat(kept.asked).containsExactly("opening", "a", "b");
    }

    @Test
    void aCallThatACrashCutShortHasItsFilesKeptAfterItAndNotBefore() {
        stage.script(calls(call("a", "touch", "1")), text("done"));
        kept.hasFiles = false;
        var journal =
                journal(
                        new Event.ModelStarted(1, "fake/one"),
                        Stage.answered(call("a", "touch", "1")),
                        new Event.ToolStarted("a", "touch", "{\"at\":\"1\"}"));
        kept.hasFiles = true; // the call has made them

        run(journal);

        assertThat(kept.asked).containsExactly("a");
    }

    @Test
    void whereverTheLoopDiesTheNextKeepsWhatIsMissing() {
        stage.script(calls(call("a", "touch", "1")), calls(call("b", "touch", "2")), text("done"));
        int appends = run(journal()).appends();
        for (Moment moment : Moment.values()) {
            for (int append = 0; append < appends; append++) {
                ListJournal journal = journal().crashAt(append, moment);
                assertThat(catchThrowable(() -> run(journal)))
                        .isInstanceOf(ListJournal.Crash.class);
                List<String> events = shape(run(journal).events());
                assertThat(events.stream().filter(e -> e.startsWith("kept")))
                        .as("%s append %d", moment, append)
                        .containsExactly("kept:opening", "kept:a", "kept:b");
                assertThat(events.getLast()).isEqualTo("end:end");
            }
        }
    }
}
