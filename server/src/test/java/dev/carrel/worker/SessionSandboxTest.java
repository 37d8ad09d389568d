package dev.carrel.worker;

import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.worker.WorkerFixture.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.WorkspaceScope;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.model.Message;
import dev.carrel.sandbox.FakeHost.Step;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.NetworkTarget;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxFilter;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.session.NewSession;
import dev.carrel.session.SessionFixture;
import dev.carrel.session.SessionId;
import dev.carrel.tool.ToolResult;
import dev.carrel.tool.ToolStatus;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SessionSandboxTest {
    @TempDir Path home;
    private WorkerFixture fixture;
    private Worker worker;

    /// Each turn calls the tool once, which writes a file.
    @BeforeEach
    void open() throws Exception {
        fixture = new WorkerFixture(home);
        var tool =
                new PlayedTool(context -> {
                    String path = context.directory() + "/notes";
                    context.files()
                            .write(
                                    path,
                                    new ByteArrayInputStream("x".getBytes(StandardCharsets.UTF_8)));
                    return ToolResult.ok("written");
                });
        var model =
                new PlayedModel(request -> {
                    String text = PlayedModel.lastUserText(request);
                    boolean asked = request.messages().getLast() instanceof Message.User;
                    return asked && !text.equals("just talk")
                            ? PlayedModel.call("c" + request.messages().size(), "bash", "{}")
                            : PlayedModel.text("done");
                });
        worker = fixture.worker(model, tool);
        worker.start();
    }

    @AfterEach
    void close() {
        worker.close(LONG);
        fixture.close();
    }

    @Test
    void turnThatTouchesNoSandboxMakesNone() throws Exception {
        SessionId session = fixture.newSession();
        fixture.run(session, "just talk");

        assertThat(fixture.base.session(session).sandbox()).isEmpty();
        assertThat(sandboxes()).isEmpty();
    }

    @Test
    void sandboxIsMadeAtTheFirstUseAndStaysTheSessions() throws Exception {
        SessionId session = fixture.newSession();
        fixture.run(session, "one");
        Optional<SandboxId> sandbox = fixture.base.session(session).sandbox();
        fixture.run(session, "two");

        assertThat(sandbox).isPresent();
        assertThat(fixture.base.session(session).sandbox()).isEqualTo(sandbox);
        assertThat(sandboxes()).containsExactly(sandbox.get());
        assertThat(fixture.host.count(Step.BEFORE_CREATE)).isEqualTo(1);
    }

    @Test
    void sandboxFollowsTheAgentsWorkspace() throws Exception {
        fixture.base.deployments.deploy(PROJECT, List.of(agentWithWorkspace()));
        SessionId session =
                fixture.base
                        .sessions
                        .create(
                                PROJECT,
                                new NewSession(
                                        "small", Optional.of("ada"), Map.of(), Optional.empty()))
                        .id();
        fixture.run(session, "one");

        SandboxSpec spec =
                fixture.sandboxes
                        .get(PROJECT, fixture.base.session(session).sandbox().orElseThrow())
                        .spec();
        assertThat(spec.resources())
                .isEqualTo(new Resources(0.5, 256, Resources.DEFAULT.diskMib(), 512));
        assertThat(spec.isolation()).isEqualTo(Isolation.CONTAINER);
        assertThat(spec.network())
                .isEqualTo(
                        new NetworkPolicy(
                                true,
                                List.of(NetworkTarget.parse("a.example")),
                                List.of(NetworkTarget.parse("*.b.example")),
                                List.of()));
        assertThat(spec.user()).contains("ada");
        assertThat(spec.owner()).contains(session.value());
    }

    @Test
    void attachedSandboxIsUsed() throws Exception {
        SandboxId sandbox = fixture.sandboxes.create(PROJECT, SandboxSpec.defaults()).id();
        SessionId session = attachedTo(sandbox);
        fixture.run(session, "one");

        assertThat(sandboxes()).containsExactly(sandbox);
        assertThat(fixture.sandboxes.files(PROJECT, sandbox).stat("/workspace/notes").sizeBytes())
                .isEqualTo(1);
    }

    @Test
    void deletedSandboxIsAnErrorThatTheModelReads() throws Exception {
        SandboxId sandbox = fixture.sandboxes.create(PROJECT, SandboxSpec.defaults()).id();
        SessionId session = attachedTo(sandbox);
        fixture.sandboxes.delete(PROJECT, sandbox);

        assertThat(fixture.run(session, "one")).isEqualTo(StopReason.END);
        assertThat(fixture.base.events(session))
                .filteredOn(Event.ToolCompleted.class::isInstance)
                .singleElement()
                .satisfies(event -> {
                    var result = (Event.ToolCompleted) event;
                    assertThat(result.status()).isEqualTo(ToolStatus.ERROR);
                    assertThat(result.result()).contains(sandbox.value(), "was deleted");
                });
        assertThat(sandboxes()).isEmpty();
    }

    @Test
    void sandboxThatIsReadyAfterItsSessionWasDeletedIsRemoved() throws Exception {
        var creating = new Gate();
        fixture.host.at(
                Step.AFTER_CREATE,
                () -> {
                    try {
                        creating.pass();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
        SessionId session = fixture.newSession();
        fixture.send(session, "one");
        creating.awaitReached();
        Thread deleting =
                Thread.ofVirtual().start(() -> fixture.base.sessions.delete(PROJECT, session));
        awaitDeleted(session);
        creating.open();
        deleting.join();
        worker.close(LONG); // returns when the turn has let go

        assertThat(sandboxes()).isEmpty();
    }

    @Test
    void sandboxThatCannotBeMadeIsAnErrorAndTheNextCallTriesAgain() throws Exception {
        fixture.host.failAt(Step.BEFORE_CREATE);
        SessionId session = fixture.newSession();
        fixture.run(session, "one");
        assertThat(fixture.base.session(session).sandbox()).isEmpty();
        fixture.run(session, "two");

        assertThat(fixture.base.session(session).sandbox()).isPresent();
    }

    private void awaitDeleted(SessionId session) {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (fixture.base.sessions.list(PROJECT, 10, Optional.empty()).items().stream()
                .anyMatch(found -> found.id().equals(session))) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private SessionId attachedTo(SandboxId sandbox) {
        return fixture.base
                .sessions
                .create(
                        PROJECT,
                        new NewSession("coder", Optional.empty(), Map.of(), Optional.of(sandbox)))
                .id();
    }

    private List<SandboxId> sandboxes() {
        return fixture
                .sandboxes
                .list(PROJECT, SandboxFilter.ALL, 10, Optional.empty())
                .items()
                .stream()
                .map(sandbox -> sandbox.id())
                .toList();
    }

    private static AgentDefinition agentWithWorkspace() {
        AgentDefinition plain = SessionFixture.agent("small");
        return plain.toBuilder()
                .workspace(
                        new WorkspaceSettings(
                                Optional.empty(),
                                OptionalDouble.of(0.5),
                                OptionalInt.of(256),
                                OptionalInt.empty(),
                                Optional.empty(),
                                Optional.of("container"),
                                List.of("a.example"),
                                List.of("*.b.example"),
                                WorkspaceScope.SESSION))
                .build();
    }
}
