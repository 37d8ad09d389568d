package dev.carrel.worker;

import static dev.carrel.session.SessionFixture.LEASE;
import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.worker.WorkerFixture.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.Message;
import dev.carrel.session.SessionFixture;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionState;
import dev.carrel.tool.ToolResult;
import dev.carrel.tool.ToolStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class WorkerTest {
    @TempDir Path home;
    private WorkerFixture fixture;
    private final List<Worker> workers = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        fixture = new WorkerFixture(home);
    }

    @AfterEach
    void close() {
        workers.forEach(worker -> worker.close(LONG));
        fixture.close();
    }

    @Test
    void turnRunsFromItsMessageToItsEnd() throws Exception {
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "hi");
        start(fixture.worker(PlayedModel.echo()));
        fixture.awaitEnd(session, turn);

        assertThat(fixture.base.events(session).stream().map(Object::getClass))
                .containsExactly(
                        Event.SessionCreated.class,
                        Event.UserMessage.class,
                        Event.TurnStarted.class,
                        Event.ModelStarted.class,
                        Event.AssistantMessage.class,
                        Event.TurnCompleted.class);
        assertThat(fixture.base.session(session).state()).isEqualTo(SessionState.IDLE);
    }

    @Test
    void turnThatIsSentLaterIsFoundWithoutPolling() throws Exception {
        start(fixture.worker(PlayedModel.echo()));
        SessionId session = fixture.newSession();

        assertThat(fixture.run(session, "one")).isEqualTo(StopReason.END);
        assertThat(fixture.run(session, "two")).isEqualTo(StopReason.END);
    }

    @Test
    void messagesWaitForTheTurnBeforeThemAndSeeItsAnswer() throws Exception {
        var gate = new Gate();
        var model =
                new PlayedModel(request -> {
                    if (PlayedModel.lastUserText(request).equals("one")) {
                        gate.pass();
                    }
                    return PlayedModel.text("re " + PlayedModel.lastUserText(request));
                });
        start(fixture.worker(model));
        SessionId session = fixture.newSession();
        fixture.send(session, "one");
        gate.awaitReached();
        fixture.send(session, "two");
        TurnId last = fixture.send(session, "three");
        gate.open();
        fixture.awaitEnd(session, last);

        assertThat(texts(model.requests.get(1))).containsExactly("one", "re one", "two");
        assertThat(texts(model.requests.get(2)))
                .containsExactly("one", "re one", "two", "re two", "three");
    }

    @Test
    void sessionsRunSideBySideUpToTheLimit() throws Exception {
        int sessions = WorkerFixture.SETTINGS.turnsAtOnce() + 10;
        var together = new CountDownLatch(WorkerFixture.SETTINGS.turnsAtOnce());
        var now = new AtomicInteger();
        var most = new AtomicInteger();
        var model =
                new PlayedModel(request -> {
                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                    together.countDown();
                    assertThat(together.await(30, TimeUnit.SECONDS)).isTrue();
                    now.decrementAndGet();
                    return PlayedModel.text("done");
                });
        var turns = new ArrayList<TurnId>();
        var ids = new ArrayList<SessionId>();
        for (int i = 0; i < sessions; i++) {
            ids.add(fixture.newSession());
            turns.add(fixture.send(ids.getLast(), "go"));
        }
        start(fixture.worker(model));
        for (int i = 0; i < sessions; i++) {
            fixture.awaitEnd(ids.get(i), turns.get(i));
        }

        assertThat(most.get()).isEqualTo(WorkerFixture.SETTINGS.turnsAtOnce());
    }

    @Test
    void interruptStopsTheToolAndOnlyThisTurn() throws Exception {
        var gate = new Gate();
        var tool =
                new PlayedTool(context -> {
                    context.cancellation().onCancel(gate::open);
                    gate.pass();
                    return new ToolResult(ToolStatus.INTERRUPTED, "stopped");
                });
        start(fixture.worker(callsOnce(), tool));
        SessionId session = fixture.newSession();
        TurnId first = fixture.send(session, "work");
        gate.awaitReached();
        fixture.base.sessions.interrupt(PROJECT, session);

        assertThat(fixture.awaitEnd(session, first).reason()).isEqualTo(StopReason.INTERRUPTED);
        assertThat(fixture.run(session, "go on")).isEqualTo(StopReason.END);
    }

    @Test
    void deletionDuringATurnStopsIt() throws Exception {
        var gate = new Gate();
        var stopped = new CountDownLatch(1);
        var tool =
                new PlayedTool(context -> {
                    context.cancellation().onCancel(gate::open);
                    gate.pass();
                    stopped.countDown();
                    return ToolResult.ok("late");
                });
        start(fixture.worker(callsOnce(), tool));
        SessionId session = fixture.newSession();
        fixture.send(session, "work");
        gate.awaitReached();
        fixture.base.sessions.delete(PROJECT, session);

        assertThat(stopped.getCount()).as("the tool had stopped before delete returned").isZero();
        assertThatThrownBy(() -> fixture.base.session(session)).isInstanceOf(CarrelException.class);
        assertThat(fixture.run(fixture.newSession(), "again")).isEqualTo(StopReason.END);
    }

    @Test
    void everyTurnRunsOnceThoughTwoWorkersCompete() throws Exception {
        var tool = new PlayedTool(context -> ToolResult.ok("done"));
        int sessions = 60;
        var ids = new ArrayList<SessionId>();
        var turns = new ArrayList<TurnId>();
        for (int i = 0; i < sessions; i++) {
            ids.add(fixture.newSession());
            turns.add(fixture.send(ids.getLast(), "work"));
        }
        start(fixture.otherWorker(callsOnce(), tool));
        start(fixture.otherWorker(callsOnce(), tool));
        for (int i = 0; i < sessions; i++) {
            assertThat(fixture.awaitEnd(ids.get(i), turns.get(i)).reason())
                    .isEqualTo(StopReason.END);
            assertThat(fixture.base.events(ids.get(i))).hasSize(10);
        }
        assertThat(tool.runs).hasValue(sessions);
    }

    @Test
    void frozenOwnerIsFencedOffAndTheOtherFinishesTheTurn() throws Exception {
        var gate = new Gate();
        var frozen =
                track(
                        fixture.otherWorker(
                                new PlayedModel(request -> {
                                    gate.pass();
                                    return PlayedModel.text("from the frozen one");
                                })));
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "work");
        frozen.round();
        gate.awaitReached();
        fixture.base.clock.tick(LEASE);
        var other = track(fixture.otherWorker(PlayedModel.echo()));
        other.round();
        fixture.awaitEnd(session, turn);
        List<Event> journal = fixture.base.events(session);
        gate.open();
        awaitIdle(frozen);

        assertThat(fixture.base.events(session)).isEqualTo(journal).hasSize(8);
        assertThat(journal.toString()).contains("WORK", "ModelLost").doesNotContain("frozen");
    }

    @Test
    void parkedTurnIsNotInterruptedAndGoesOnInTheNextServer() throws Exception {
        var gate = new Gate(); // never opens: the first server waits in it until it is parked
        var waiting =
                new PlayedModel(request -> {
                    gate.pass();
                    return PlayedModel.text("never");
                });
        Worker first = start(fixture.worker(waiting));
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "work");
        gate.awaitReached();
        first.close(Duration.ofSeconds(5));
        first.close(Duration.ofSeconds(5));
        assertThat(fixture.base.session(session).state()).isEqualTo(SessionState.RUNNING);
        assertThat(fixture.base.events(session)).hasSize(4);

        start(fixture.worker(PlayedModel.echo()));
        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
        assertThat(fixture.base.events(session))
                .hasSize(8)
                .hasAtLeastOneElementOfType(Event.ModelLost.class);
    }

    @Test
    void turnOfAKilledServerGoesOnAtOnce() throws Exception {
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "work");
        fixture.base.claim(); // and then this server is killed
        start(fixture.worker(PlayedModel.echo()));

        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
    }

    @Test
    void turnThatFailsUnexpectedlyIsTriedAgainAfterAPause() throws Exception {
        var failures = new AtomicInteger();
        var model =
                new PlayedModel(request -> {
                    if (failures.incrementAndGet() < 3) {
                        throw new StackOverflowError("of the test");
                    }
                    return PlayedModel.text("at last");
                });
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "work");
        runRounds(track(fixture.worker(model)), session, turn);

        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
        assertThat(failures).hasValue(3);
    }

    @Test
    void turnThatAlwaysFailsEndsWithAnErrorAndTheSessionGoesOn() throws Exception {
        var model =
                new PlayedModel(request -> {
                    if (PlayedModel.lastUserText(request).equals("bad")) {
                        throw new StackOverflowError("of the test");
                    }
                    return PlayedModel.text("fine");
                });
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "bad");
        Worker worker = track(fixture.worker(model));
        runRounds(worker, session, turn);

        Event.TurnCompleted end = fixture.awaitEnd(session, turn);
        assertThat(end.reason()).isEqualTo(StopReason.ERROR);
        assertThat(end.error().orElseThrow().code()).isEqualTo("internal_error");
        assertThat(end.error().orElseThrow().message()).doesNotContain("of the test");
        assertThat(fixture.base.session(session).state()).isEqualTo(SessionState.FAILED);
        TurnId next = fixture.send(session, "good");
        runRounds(worker, session, next);
        assertThat(fixture.awaitEnd(session, next).reason()).isEqualTo(StopReason.END);
    }

    @Test
    void turnWhoseJournalCannotBeReadEndsToo() throws Exception {
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "work");
        fixture.base.store.write(handle ->
                handle.execute(
                        "update branch_entries set body = '{' where turn = ?", turn.value()));
        Worker worker = track(fixture.worker(new PlayedModel(_ -> PlayedModel.text("never"))));
        for (int i = 0; i < WorkerFixture.SETTINGS.failuresMax(); i++) {
            worker.round();
            awaitIdle(worker);
            fixture.base.clock.tick(Worker.FAILURE_PAUSE_MAX);
        }
        assertThat(fixture.base.session(session).state()).isEqualTo(SessionState.FAILED);
        assertThat(fixture.base.session(session).stopReason()).contains(StopReason.ERROR);
    }

    @Test
    void turnKeepsTheVersionOfItsAgentThatItBeganWith() throws Exception {
        var gate = new Gate();
        Worker first =
                start(
                        fixture.worker(
                                new PlayedModel(request -> {
                                    gate.pass();
                                    return PlayedModel.text("never");
                                })));
        SessionId session = fixture.newSession();
        TurnId turn = fixture.send(session, "work");
        gate.awaitReached();
        fixture.base.deployments.deploy(PROJECT, List.of(SessionFixture.agent("another")));
        first.close(LONG);
        start(fixture.worker(PlayedModel.echo()));

        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
        assertThat(fixture.base.events(session)).contains(new Event.TurnStarted(1));
        Event.TurnCompleted end = fixture.awaitEnd(session, fixture.send(session, "more"));
        assertThat(end.reason()).isEqualTo(StopReason.ERROR);
        assertThat(end.error().orElseThrow().code()).isEqualTo("agent_not_found");
    }

    /// Drives a worker that nobody started until the turn is complete.
    private void runRounds(Worker worker, SessionId session, TurnId turn)
            throws InterruptedException {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (System.nanoTime() < deadline && !ended(session, turn)) {
            worker.round();
            fixture.base.sessions.turns().awaitNews(Duration.ofMillis(100));
            fixture.base.clock.tick(Duration.ofSeconds(2));
        }
    }

    private static void awaitIdle(Worker worker) {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (worker.running() > 0) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private boolean ended(SessionId session, TurnId turn) {
        return fixture.base.sessions.events(PROJECT, session, 0, 1000).stream()
                .filter(entry -> entry.turn().filter(turn::equals).isPresent())
                .anyMatch(entry -> entry.event() instanceof Event.TurnCompleted);
    }

    private Worker start(Worker worker) {
        worker.start();
        return track(worker);
    }

    private Worker track(Worker worker) {
        workers.add(worker);
        return worker;
    }

    /// Calls the tool in the first step of a session, and is done.
    private static PlayedModel callsOnce() {
        return new PlayedModel(request ->
                PlayedModel.toolResults(request) == 0
                        ? PlayedModel.call("c", PlayedTool.NAME, "{}")
                        : PlayedModel.text("done"));
    }

    private static List<String> texts(ChatRequest request) {
        return request.messages().stream()
                .map(message ->
                        switch (message) {
                            case Message.User user -> user.text();
                            case Message.Assistant assistant -> assistant.text();
                            case Message.ToolResult result -> result.text();
                        })
                .toList();
    }
}
