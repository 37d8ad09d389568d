package dev.carrel.worker;

import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.model.ToolSpec;
import dev.carrel.sandbox.FakeHost;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.session.EventJson;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionSettings;
import dev.carrel.session.Sessions;
import dev.carrel.session.StreamItem;
import dev.carrel.tool.BuiltinTools;
import dev.carrel.tool.Tool;
import dev.carrel.tool.ToolContext;
import dev.carrel.tool.ToolResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Servers that die or are parked while a turn runs real commands, and the servers after them.
@Timeout(120)
class TurnRecoveryIT {
    private static final int STEPS = 4;
    private static final int APPENDS = 1 + 4 * STEPS + 3;

    @TempDir Path home;

    @Test
    void serverThatDiesAtAnyEntryLeavesATurnThatEndsTheSame() throws Exception {
        Outcome undisturbed = runWithDeathAt(home.resolve("undisturbed"), APPENDS);
        assertThat(undisturbed.died()).isFalse();
        assertThat(undisturbed.lines()).containsExactlyElementsOf(linesExpected());

        for (int appends = 0; appends < APPENDS; appends++) {
            Outcome outcome = runWithDeathAt(home.resolve("death-" + appends), appends);
            assertThat(outcome.died()).as("death after %d entries", appends).isTrue();
            assertThat(outcome.lines()).as("lines, %d", appends).isEqualTo(undisturbed.lines());
            assertThat(outcome.journal()).as("%d", appends).isEqualTo(undisturbed.journal());
        }
    }

    @Test
    void commandWhoseServerDiesBeforeItStartsRunsOnce() throws Exception {
        var host = new FakeHost(Files.createDirectories(home.resolve("host")));
        SessionId session;
        TurnId turn;
        try (var first = new WorkerFixture(home, host)) {
            var clock = new MortalClock(first.base.clock, Long.MAX_VALUE);
            session = first.newSession();
            turn = first.send(session, "go");
            Worker worker = worker(first, clock, new DyingTool(bash(), clock));
            worker.start();
            await(clock::dead);
            worker.close(WorkerFixture.LONG);
            first.base.close();

            try (var second = new WorkerFixture(home, host)) {
                finish(second, session, turn);
                assertThat(lines(second, session)).isEqualTo(linesExpected());
            }
        }
    }

    @Test
    void commandOfAParkedTurnRunsOnAndItsResultIsTaken() throws Exception {
        Path gate = home.resolve("gate");
        var model =
                new PlayedModel(request ->
                        PlayedModel.toolResults(request) == 0
                                ? PlayedModel.call(
                                        "c",
                                        "bash",
                                        command(
                                                "echo up; while ! [ -e "
                                                        + gate
                                                        + " ]; do sleep 0.02; done; echo passed"))
                                : PlayedModel.text("done"));
        var host = new FakeHost(Files.createDirectories(home.resolve("host")));
        SessionId session;
        TurnId turn;
        try (var first = new WorkerFixture(home, host)) {
            session = first.newSession();
            turn = first.send(session, "go");
            Worker worker = first.worker(model, bash());
            try (var reader = first.base.sessions.subscribe(PROJECT, session, 0)) {
                worker.start();
                while (!reader.next(WorkerFixture.LONG)
                        .orElseThrow()
                        .toString()
                        .contains("ToolOutput")) {}
            }
            worker.close(Duration.ofSeconds(5));
            assertThat(first.base.events(session).getLast()).isInstanceOf(Event.ToolStarted.class);
            first.base.close();

            Files.createFile(gate);
            try (var second = new WorkerFixture(home, host)) {
                Worker next = second.worker(model, bash());
                next.start();
                assertThat(second.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
                next.close(WorkerFixture.LONG);
                assertThat(second.base.events(session).toString())
                        .containsOnlyOnce("up\npassed\nexit code: 0");
            }
        }
    }

    /// What a turn left behind.
    private record Outcome(boolean died, List<String> lines, List<String> journal) {}

    private static Outcome runWithDeathAt(Path home, int appends) throws Exception {
        var host = new FakeHost(Files.createDirectories(home.resolve("host")));
        try (var first = new WorkerFixture(home, host)) {
            var clock = new MortalClock(first.base.clock, appends);
            SessionId session = first.newSession();
            TurnId turn = first.send(session, "go");
            Worker worker = worker(first, clock, bash());
            worker.start();
            await(() -> clock.dead() || first.base.session(session).lastEvent() == APPENDS + 2);
            worker.close(WorkerFixture.LONG);
            first.base.close();

            try (var second = new WorkerFixture(home, host)) {
                finish(second, session, turn);
                return new Outcome(clock.dead(), lines(second, session), journal(second, session));
            }
        }
    }

    private static void finish(WorkerFixture server, SessionId session, TurnId turn)
            throws InterruptedException {
        Worker worker = worker(server, server.base.sessions, bash());
        worker.start();
        assertThat(server.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
        worker.close(WorkerFixture.LONG);
    }

    private static Worker worker(WorkerFixture server, MortalClock clock, Tool tool) {
        return worker(
                server,
                new Sessions(
                        server.base.store, server.base.deployments, SessionSettings.DEFAULT, clock),
                tool);
    }

    /// The model appends one line in each step.
    private static Worker worker(WorkerFixture server, Sessions sessions, Tool tool) {
        var model =
                new PlayedModel(request -> {
                    long done = PlayedModel.toolResults(request);
                    return done < STEPS
                            ? PlayedModel.call(
                                    "c" + done, "bash", command("echo line " + done + " >> lines"))
                            : PlayedModel.text("done");
                });
        return server.worker(sessions, WorkerFixture.SETTINGS, model, tool);
    }

    private static List<String> linesExpected() {
        return IntStream.range(0, STEPS).mapToObj(i -> "line " + i).toList();
    }

    private static List<String> lines(WorkerFixture server, SessionId session) throws IOException {
        var sandbox = server.base.session(session).sandbox().orElseThrow();
        try (var in = server.sandboxes.files(PROJECT, sandbox).read("/workspace/lines", 0)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    /// The journal without what differs from run to run, and what cut calls of the model took,
    /// which are made again.
    private static List<String> journal(WorkerFixture server, SessionId session) {
        var journal = new ArrayList<String>();
        boolean lost = false;
        for (StreamItem.Recorded entry : server.base.sessions.events(PROJECT, session, 0, 1000)) {
            boolean again = lost && entry.event() instanceof Event.ModelStarted;
            lost = entry.event() instanceof Event.ModelLost;
            if (lost || again) {
                continue;
            }
            ObjectNode json = EventJson.of(entry);
            json.remove(Set.of("seq", "time", "turn", "duration_ms"));
            if (entry.event() instanceof Event.TurnCompleted) {
                json.remove("usage");
            }
            journal.add(json.toString());
        }
        return journal;
    }

    private static Tool bash() {
        return BuiltinTools.all().stream()
                .filter(tool -> tool.spec().name().equals("bash"))
                .findFirst()
                .orElseThrow();
    }

    private static String command(String line) {
        return "{\"command\":\"" + line + "\"}";
    }

    private static void await(BooleanSupplier condition) throws Exception {
        Eventually.holds(condition::getAsBoolean);
    }

    /// Its server dies at the second call, after the entry that says that it starts.
    private static final class DyingTool implements Tool {
        private final AtomicInteger calls = new AtomicInteger();
        private final Tool tool;
        private final MortalClock clock;

        DyingTool(Tool tool, MortalClock clock) {
            this.tool = tool;
            this.clock = clock;
        }

        @Override
        public ToolSpec spec() {
            return tool.spec();
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public ToolResult run(ObjectNode arguments, ToolContext context) {
            if (calls.incrementAndGet() == 2) {
                clock.die();
                throw new MortalClock.ServerDied();
            }
            return tool.run(arguments, context);
        }
    }
}
