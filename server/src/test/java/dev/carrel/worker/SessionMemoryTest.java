package dev.carrel.worker;

import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.model.Cancellation;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.Message;
import dev.carrel.model.ToolSpec;
import dev.carrel.session.Memories;
import dev.carrel.session.MemoryName;
import dev.carrel.session.NewSession;
import dev.carrel.session.SessionFixture;
import dev.carrel.session.SessionId;
import dev.carrel.tool.BuiltinTools;
import dev.carrel.tool.Tool;
import dev.carrel.tool.ToolContext;
import dev.carrel.tool.ToolResult;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionMemoryTest {
    private static final Tool[] TOOLS = BuiltinTools.all().toArray(Tool[]::new);

    @TempDir Path home;
    private WorkerFixture fixture;
    private Memories memories;

    @BeforeEach
    void open() throws IOException {
        fixture = new WorkerFixture(home);
        memories = fixture.base.deployments.memories();
        fixture.base.deployments.deploy(
                PROJECT,
                List.of(
                        SessionFixture.agent("coder").toBuilder()
                                .allowedTools(List.of("memory_*"))
                                .build()));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private SessionId sessionOf(String user) {
        return fixture.base
                .sessions
                .create(
                        PROJECT,
                        new NewSession("coder", Optional.of(user), Map.of(), Optional.empty()))
                .id();
    }

    /// Makes the call that the user's message names, and says what came of it.
    private static PlayedModel caller() {
        return new PlayedModel(request -> {
            if (request.messages().getLast() instanceof Message.ToolResult result) {
                return PlayedModel.text(result.text());
            }
            String[] words = PlayedModel.lastUserText(request).split(" ", 2);
            return PlayedModel.call(
                    "c" + PlayedModel.toolResults(request), words[0], words[1].replace('\'', '"'));
        });
    }

    private String run(Worker worker, SessionId session, String call) throws Exception {
        turn(worker, session, call);
        return fixture.base.events(session).stream()
                .filter(Event.ToolCompleted.class::isInstance)
                .map(event -> ((Event.ToolCompleted) event).result())
                .reduce("", (before, after) -> after);
    }

    private void turn(Worker worker, SessionId session, String text) throws Exception {
        TurnId turn = fixture.send(session, text);
        worker.round();
        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
    }

    @Test
    void whatIsRememberedIsToldToTheNextTurn() throws Exception {
        PlayedModel model = caller();
        Worker worker = fixture.worker(model, TOOLS);
        SessionId session = fixture.newSession();
        run(worker, session, "memory_append {'scope':'agent','text':'Tests need root.'}");
        assertThat(model.requests).noneMatch(request -> request.system().contains("Tests need"));
        run(worker, fixture.newSession(), "memory_get {'scope':'agent'}");
        assertThat(model.requests.getLast().system()).contains("# Memory", "Tests need root.");
        worker.close(Duration.ofSeconds(5));
    }

    @Test
    void thePromptOfATurnStaysTheSameWhateverIsWrittenMeanwhile() throws Exception {
        memories.put(PROJECT, MemoryName.PROJECT, "As it was.", Optional.empty());
        var gate = new Gate();
        var model =
                new PlayedModel(request -> {
                    if (PlayedModel.toolResults(request) == 0) {
                        return PlayedModel.call(
                                "c", "memory_append", "{\"scope\":\"agent\",\"text\":\"x\"}");
                    }
                    gate.pass();
                    return PlayedModel.text("done");
                });
        Worker first = fixture.worker(model, TOOLS);
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "go");
        first.round();
        gate.awaitReached();
        memories.put(PROJECT, MemoryName.PROJECT, "As it is now.", Optional.empty());
        first.close(Duration.ofSeconds(5)); // in the middle of the turn
        var echo = PlayedModel.echo();
        Worker second = fixture.worker(echo, TOOLS);
        second.round();
        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
        assertThat(echo.requests.getLast().system())
                .isEqualTo(model.requests.getFirst().system())
                .contains("As it was.");
        turn(second, session, "again");
        assertThat(echo.requests.getLast().system()).contains("As it is now.", "x");
        second.close(Duration.ofSeconds(5));
    }

    @Test
    void aCallWhoseServerDiedAfterItsEffectIsNotDoneAgain() throws Exception {
        var gate = new Gate();
        Worker first = fixture.worker(caller(), stoppingAfter(gate));
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "memory_append {'scope':'agent','text':'once'}");
        first.round();
        gate.awaitReached();
        first.close(Duration.ofSeconds(5));
        assertThat(memories.get(PROJECT, MemoryName.agent("coder")).text()).isEqualTo("once\n");
        Worker second = fixture.worker(caller(), TOOLS);
        second.round();
        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
        assertThat(memories.get(PROJECT, MemoryName.agent("coder")).text()).isEqualTo("once\n");
        assertThat(fixture.base.events(session))
                .filteredOn(Event.ToolCompleted.class::isInstance)
                .singleElement()
                .extracting(event -> ((Event.ToolCompleted) event).result())
                .asString()
                .startsWith("added to agent memory: it is at version 1 now");
        second.close(Duration.ofSeconds(5));
    }

    /// The tool that adds, which stops for good when it has done so.
    private static Tool stoppingAfter(Gate gate) {
        Tool real =
                BuiltinTools.all().stream()
                        .filter(tool -> tool.spec().name().equals("memory_append"))
                        .findFirst()
                        .orElseThrow();
        return new Tool() {
            @Override
            public ToolSpec spec() {
                return real.spec();
            }

            @Override
            public boolean readOnly() {
                return real.readOnly();
            }

            @Override
            public boolean resumable() {
                return real.resumable();
            }

            @Override
            public ToolResult run(ObjectNode arguments, ToolContext context) {
                ToolResult result = real.run(arguments, context);
                try {
                    gate.pass();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new Cancellation.CancelledException();
                }
                return result;
            }
        };
    }

    @Test
    void aTurnThatIsToldNothingNewJournalsNothing() throws Exception {
        memories.put(PROJECT, MemoryName.PROJECT, "A fact.", Optional.empty());
        var echo = PlayedModel.echo();
        Worker worker = fixture.worker(echo, TOOLS);
        SessionId session = fixture.newSession();
        turn(worker, session, "one");
        turn(worker, session, "two");
        memories.delete(PROJECT, MemoryName.PROJECT, Optional.empty());
        turn(worker, session, "three");
        assertThat(fixture.base.events(session).stream())
                .filteredOn(Event.TurnStarted.class::isInstance)
                .extracting(event -> ((Event.TurnStarted) event).memory())
                .containsExactly(
                        Optional.of("## Shared by all agents\nA fact."),
                        Optional.empty(),
                        Optional.of(""));
        assertThat(echo.requests.stream().map(ChatRequest::system))
                .satisfiesExactly(
                        one -> assertThat(one).contains("A fact."),
                        two -> assertThat(two).contains("A fact."),
                        three -> assertThat(three).doesNotContain("A fact."));
        worker.close(Duration.ofSeconds(5));
    }

    @Test
    void aUsersSessionWritesTheUsersMemoryOnlyAndSeesNoOther() throws Exception {
        PlayedModel model = caller();
        Worker worker = fixture.worker(model, TOOLS);
        SessionId ada = sessionOf("ada");
        SessionId bob = sessionOf("bob");
        run(worker, ada, "memory_append {'scope':'user','text':'canary-of-ada'}");
        for (String scope : List.of("agent", "project")) {
            assertThat(
                            run(
                                    worker,
                                    ada,
                                    "memory_append {'scope':'" + scope + "','text':'canary-2'}"))
                    .contains("user memory only");
            assertThat(
                            run(
                                    worker,
                                    ada,
                                    "memory_save {'scope':'"
                                            + scope
                                            + "','version':0,'text':'canary-3'}"))
                    .contains("user memory only");
        }
        run(worker, bob, "memory_append {'scope':'user','text':'canary-of-bob'}");
        for (String call :
                List.of(
                        "memory_get {'scope':'user'}",
                        "memory_get {'scope':'agent'}",
                        "memory_get {'scope':'project'}",
                        "memory_search {'query':'canary'}")) {
            assertThat(run(worker, bob, call)).doesNotContain("ada", "canary-2", "canary-3");
            assertThat(run(worker, fixture.newSession(), call)).doesNotContain("canary-of");
        }
        assertThat(run(worker, bob, "memory_search {'query':'canary'}"))
                .isEqualTo("user:1:canary-of-bob\n");
        run(worker, ada, "memory_search {'query':'canary'}");
        assertThat(model.requests.getLast().system()).contains("canary-of-ada");
        assertThat(model.requests)
                .noneMatch(request ->
                        request.system().contains("canary-of-ada")
                                && request.system().contains("canary-of-bob"));
        worker.close(Duration.ofSeconds(5));
    }

    @Test
    void withoutAUserThereIsNoUserMemory() throws Exception {
        Worker worker = fixture.worker(caller(), TOOLS);
        assertThat(run(worker, fixture.newSession(), "memory_get {'scope':'user'}"))
                .contains("no user");
        worker.close(Duration.ofSeconds(5));
    }
}
