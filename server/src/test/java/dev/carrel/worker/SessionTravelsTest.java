package dev.carrel.worker;

import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.worker.WorkerFixture.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Message;
import dev.carrel.sandbox.FakeHost;
import dev.carrel.sandbox.FakeHost.ServerDied;
import dev.carrel.sandbox.FakeHost.Step;
import dev.carrel.sandbox.SandboxFilter;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.session.SessionFiles;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionTravels;
import dev.carrel.session.SessionTravels.Files;
import dev.carrel.tool.ToolContext;
import dev.carrel.tool.ToolResult;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Going back in time while servers die and disks fail.
@Timeout(60)
class SessionTravelsTest {
    @TempDir Path home;
    private FakeHost host;
    private WorkerFixture fixture;
    private Worker worker;

    /// What the next call writes.
    private volatile String content = "";

    @BeforeEach
    void open() throws Exception {
        host = new FakeHost(java.nio.file.Files.createDirectories(home.resolve("host")));
        host.makeSnapshotsCheap();
        begin();
    }

    private void begin() {
        fixture = new WorkerFixture(home, host);
        var model =
                new PlayedModel(request ->
                        request.messages().getLast() instanceof Message.User
                                ? PlayedModel.call("c" + request.messages().size(), "bash", "{}")
                                : PlayedModel.text("done"));
        worker = fixture.worker(model, new PlayedTool(this::replace));
        worker.start();
    }

    /// Returns what the file held before.
    private ToolResult replace(ToolContext context) {
        String path = context.directory() + "/notes";
        String before = "nothing";
        try (InputStream in = context.files().open(path).from(0)) {
            before = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (CarrelException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.FILE_NOT_FOUND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        context.files().write(path, new ByteArrayInputStream(bytes));
        return ToolResult.ok("before: " + before);
    }

    @AfterEach
    void close() {
        worker.close(LONG);
        fixture.close();
    }

    private void serverDiesAndTheNextBegins() {
        worker.close(LONG);
        fixture.base.close();
        begin();
    }

    @Test
    void whatCannotBeKeptIsToldAndEndsNothing() throws Exception {
        SessionId session = fixture.newSession();
        run(session, "one");
        long one = last(session);
        host.failAt(Step.BEFORE_SNAPSHOT);
        run(session, "two");

        assertThat(fixture.base.events(session))
                .filteredOn(Event.SnapshotFailed.class::isInstance)
                .singleElement()
                .satisfies(event ->
                        assertThat(((Event.SnapshotFailed) event).error().code())
                                .isEqualTo("sandbox_failed"));
        CarrelException refused =
                catchThrowableOfType(
                        CarrelException.class,
                        () -> travels().rewind(PROJECT, session, one + 1, Files.RESTORE));
        assertThat(refused.code()).isEqualTo(ErrorCode.CONFLICT);
        assertThat(refused.text()).contains("nearest entries with files are ", "\"none\"");
        travels().rewind(PROJECT, session, one, Files.RESTORE);
        assertThat(run(session, "three")).isEqualTo("before: one");
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_SNAPSHOT", "AFTER_SNAPSHOT"})
    void aServerThatDiesWhileFilesAreKeptLeavesThatToTheNext(Step step) throws Exception {
        SessionId session = fixture.newSession();
        host.dieAt(step);
        content = "one";
        TurnId turn = fixture.send(session, "go");
        Eventually.holds(
                () -> fixture.base.session(session).lastEvent() >= 7 && host.count(step) > 0);
        serverDiesAndTheNextBegins();
        fixture.base.clock.tick(Worker.FAILURE_PAUSE_MAX); // this death was caught, and counted
        fixture.base.sessions.turns().announce();

        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
        assertThat(fixture.base.events(session))
                .filteredOn(Event.SnapshotTaken.class::isInstance)
                .hasSize(1);
        long end = last(session);
        run(session, "two");
        travels().rewind(PROJECT, session, end, Files.RESTORE);
        assertThat(run(session, "three")).isEqualTo("before: one");
    }

    @Test
    void whoForksWhereACallHasJustEndedGetsWhatItWrote() throws Exception {
        SessionId session = fixture.newSession();
        run(session, "one");
        var keeping = new Gate();
        Runnable wait = () -> passed(keeping);
        host.at(Step.BEFORE_SNAPSHOT, () -> host.at(Step.BEFORE_SNAPSHOT, wait)); // the second one
        content = "two";
        TurnId turn = fixture.send(session, "two");
        keeping.awaitReached();
        long ended = last(session);
        var fork = new FutureTask<>(() -> fork(session, ended));
        Thread forking = Thread.startVirtualThread(fork);
        Eventually.holds(() -> forking.getState() == Thread.State.TIMED_WAITING || fork.isDone());
        keeping.open();
        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);

        assertThat(run(fork.get(), "three")).isEqualTo("before: two");
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_RESTORE", "AFTER_RESTORE", "BEFORE_START", "AFTER_START"})
    void aServerThatDiesInARewindLeavesTheFilesToTheNext(Step step) throws Exception {
        SessionId session = fixture.newSession();
        run(session, "one");
        long one = last(session);
        run(session, "two");
        host.dieAt(step);
        assertThatThrownBy(() -> travels().rewind(PROJECT, session, one, Files.RESTORE))
                .isInstanceOf(ServerDied.class);
        serverDiesAndTheNextBegins();

        assertThat(notes(session)).isEqualTo("one"); // whoever looks, before any turn
        assertThat(run(session, "three")).isEqualTo("before: one");
    }

    @Test
    void aRewindWhoseFilesCannotBePutBackNowHasThemAtTheNextUse() throws Exception {
        SessionId session = fixture.newSession();
        run(session, "one");
        long one = last(session);
        run(session, "two");
        host.failAt(Step.BEFORE_RESTORE);
        assertThatThrownBy(() -> travels().rewind(PROJECT, session, one, Files.RESTORE))
                .hasMessageContaining("failed at");

        assertThat(run(session, "three")).isEqualTo("before: one");
    }

    @ParameterizedTest
    @EnumSource(names = {"BEFORE_CREATE", "HALF_CREATED", "AFTER_CREATE"})
    void aForkThatCannotHaveItsSandboxIsNot(Step step) throws Exception {
        SessionId session = fixture.newSession();
        run(session, "one");
        host.failAt(step);
        assertThatThrownBy(() -> fork(session, last(session))).hasMessageContaining("failed at");

        assertThat(fixture.base.sessions.list(PROJECT, 10, Optional.empty()).items()).hasSize(1);
        assertThat(sandboxes()).isEqualTo(1);
        SessionId fork = fork(session, last(session));
        assertThat(run(fork, "two")).isEqualTo("before: one");
    }

    @Test
    void anOriginalMayGoBeforeItsFork() throws Exception {
        SessionId session = fixture.newSession();
        run(session, "one");
        SessionId fork = fork(session, last(session));
        files().deleteSession(PROJECT, session);

        assertThat(sandboxes()).isEqualTo(1);
        assertThat(run(fork, "two")).isEqualTo("before: one");
        assertThat(fixture.sandboxes.sessionSnapshots().of(session.value())).isEmpty();
    }

    @Test
    void filesOfAPastThatSomebodyHasStayWhoeverGoesFirst() throws Exception {
        SessionId original = fixture.newSession();
        run(original, "one");
        long one = last(original);
        run(original, "two");
        SessionId middle = fork(original, last(original));
        run(middle, "three");
        long three = last(middle);
        SessionId last = fork(middle, three);
        files().deleteSession(PROJECT, original);
        travels().rewind(PROJECT, middle, one, Files.RESTORE);
        assertThat(run(middle, "four")).isEqualTo("before: one");

        files().deleteSession(PROJECT, middle);
        travels().rewind(PROJECT, last, one, Files.RESTORE);
        assertThat(run(last, "five")).isEqualTo("before: one");
        travels().rewind(PROJECT, last, three, Files.RESTORE);
        assertThat(run(last, "six")).isEqualTo("before: three");

        files().deleteSession(PROJECT, last);
        assertThat(fixture.sandboxes.sessionSnapshots().sessions()).isEmpty();
        assertThat(sandboxes()).isZero();
    }

    @Test
    void whatACrashLeavesOfADeletedSessionGoesWithTheNextStart() throws Exception {
        SessionId session = fixture.newSession();
        run(session, "one");
        fixture.base.sessions.delete(PROJECT, session);
        SandboxSpec mine = SandboxSpec.defaults().withOwner("workspace:coder");
        fixture.sandboxes.create(PROJECT, mine);
        serverDiesAndTheNextBegins();

        assertThat(sandboxes()).isEqualTo(1); // the one that is no session's
        assertThat(fixture.sandboxes.sessionSnapshots().sessions()).isEmpty();
    }

    /// What the file holds for those who know the sandbox and no session.
    private String notes(SessionId session) throws IOException {
        var sandbox = fixture.base.session(session).sandbox().orElseThrow();
        String path = WorkspaceSettings.DIRECTORY + "/notes";
        try (InputStream in = fixture.sandboxes.files(PROJECT, sandbox).open(path).from(0)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void passed(Gate gate) {
        try {
            gate.pass();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private SessionTravels travels() {
        return new SessionTravels(fixture.base.sessions, fixture.sandboxes, files());
    }

    private SessionFiles files() {
        return new SessionFiles(fixture.base.sessions, fixture.sandboxes);
    }

    private SessionId fork(SessionId session, long at) {
        return travels().fork(PROJECT, session, OptionalLong.of(at), Files.RESTORE).id();
    }

    private long last(SessionId session) {
        return fixture.base.session(session).lastEvent();
    }

    private int sandboxes() {
        return fixture.sandboxes
                .list(PROJECT, SandboxFilter.ALL, 10, Optional.empty())
                .items()
                .size();
    }

    /// Has a turn write `text`; returns the result of its call.
    private String run(SessionId session, String text) throws Exception {
        content = text;
        TurnId turn = fixture.send(session, text);
        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
        List<String> results =
                fixture.base.events(session).stream()
                        .filter(Event.ToolCompleted.class::isInstance)
                        .map(event -> ((Event.ToolCompleted) event).result())
                        .toList();
        return results.getLast();
    }
}
