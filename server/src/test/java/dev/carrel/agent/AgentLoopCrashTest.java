package dev.carrel.agent;

import static dev.carrel.agent.Stage.call;
import static dev.carrel.agent.Stage.calls;
import static dev.carrel.agent.Stage.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.carrel.agent.ListJournal.Crash;
import dev.carrel.agent.ListJournal.Moment;
import dev.carrel.model.ChatAnswer;
import dev.carrel.tool.PostponedException;
import dev.carrel.tool.ToolContext;
import dev.carrel.tool.ToolResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A turn of ten steps, killed at each append and gone on with: the same journal, and each command
/// ran once.
class AgentLoopCrashTest {
    private static final int STEPS = 10;

    /// What outlives the server: the results of executions by call, and the lines they wrote.
    private static final class World {
        final Map<String, String> executions = new HashMap<>();
        final List<String> lines = new ArrayList<>();

        ToolResult shell(String line, ToolContext context) {
            String id = ((Stage.Context) context).callId;
            return ToolResult.ok(
                    executions.computeIfAbsent(
                            id,
                            _ -> {
                                lines.add(line);
                                return "wrote " + line;
                            }));
        }
    }

    /// Each step but the last reads twice in parallel and runs a command; one has a call that is
    /// refused.
    private static ChatAnswer[] script() {
        ChatAnswer[] answers = new ChatAnswer[STEPS];
        for (int i = 0; i < STEPS - 1; i++) {
            answers[i] =
                    calls(
                            call("r" + i, "look", "a"),
                            call("s" + i, i == 4 ? "lok" : "look", "b"),
                            call("x" + i, "sh", "line " + i));
        }
        answers[STEPS - 1] = text("done");
        return answers;
    }

    private static Stage stage(World world) {
        var stage = new Stage();
        stage.script(script());
        stage.tools.add(
                Stage.resumable("sh", (arguments, context) -> world.shell(at(arguments), context)));
        return stage;
    }

    private static String at(com.fasterxml.jackson.databind.node.ObjectNode arguments) {
        return arguments.path("at").asText();
    }

    private static ListJournal undisturbed() {
        ListJournal journal = Stage.journal();
        stage(new World()).run(journal);
        return journal;
    }

    static Stream<Arguments> everyAppend() {
        int appends = undisturbed().appends();
        return IntStream.range(0, appends)
                .boxed()
                .flatMap(n -> Stream.of(Moment.values()).map(moment -> Arguments.of(n, moment)));
    }

    @ParameterizedTest
    @MethodSource("everyAppend")
    void aCrashAtAnyAppendChangesNothing(int append, Moment moment) {
        var world = new World();
        ListJournal journal = Stage.journal().crashAt(append, moment);
        assertThat(catchThrowable(() -> stage(world).run(journal))).isInstanceOf(Crash.class);
        stage(world).run(journal);
        assertThat(Stage.shapeWithoutLosses(journal.events()))
                .isEqualTo(Stage.shape(undisturbed().events()));
        assertThat(Stage.results(journal.events()))
                .isEqualTo(Stage.results(undisturbed().events()));
        assertThat(world.lines)
                .containsExactlyElementsOf(
                        IntStream.range(0, STEPS - 1).mapToObj(i -> "line " + i).toList());
    }

    @Test
    void aServerThatDiesAtEveryAppendStillGetsThere() {
        var world = new World();
        ListJournal journal = Stage.journal();
        int deaths = 0;
        for (int append = 0; journal.events().size() < 200; append += 2, deaths++) {
            journal.crashAt(append, append % 4 == 0 ? Moment.BEFORE : Moment.AFTER);
            if (catchThrowable(() -> stage(world).run(journal)) == null) {
                break;
            }
        }
        assertThat(deaths).isGreaterThan(STEPS * 2);
        assertThat(Stage.shapeWithoutLosses(journal.events()))
                .isEqualTo(Stage.shape(undisturbed().events()));
        assertThat(world.lines).hasSize(STEPS - 1).doesNotHaveDuplicates();
    }

    @Test
    void aCallThatTheServerCannotRunNowStaysOpenAndRunsLater() {
        var trouble = new PostponedException(new IllegalStateException("no room"));
        var stage = new Stage();
        stage.script(calls(call("a", "look", "a"), call("b", "peek", "b")), text("done"));
        stage.tools.add(
                Stage.tool(
                        "peek",
                        true,
                        (_, _) -> {
                            throw trouble;
                        }));
        ListJournal journal = Stage.journal();
        assertThat(catchThrowable(() -> stage.run(journal))).isSameAs(trouble);
        assertThat(Stage.results(journal.events())).isEmpty();

        stage.tools.removeLast();
        stage.tools.add(Stage.tool("peek", true, (_, _) -> ToolResult.ok("peeked")));
        stage.run(journal);
        assertThat(Stage.results(journal.events())).containsEntry("b", "peeked").hasSize(2);
    }
}
