package dev.carrel.worker;

import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.model.Message;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.session.ApprovalDecision;
import dev.carrel.session.PendingApproval;
import dev.carrel.session.SessionFiles;
import dev.carrel.session.SessionFixture;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionState;
import dev.carrel.session.SessionTravels;
import dev.carrel.tool.ToolResult;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A word for the session belongs to its past: who goes back behind it has not said it.
class ApprovalTravelTest {
    @TempDir Path home;
    private WorkerFixture fixture;
    private Worker worker;
    private final PlayedTool tool = new PlayedTool(_ -> ToolResult.ok("done"));

    @BeforeEach
    void open() throws IOException {
        fixture = new WorkerFixture(home);
        fixture.base.deployments.deploy(
                PROJECT,
                List.of(
                        SessionFixture.agent("coder").toBuilder()
                                .approve(List.of(PlayedTool.NAME))
                                .build()));
        var model =
                new PlayedModel(request ->
                        request.messages().getLast() instanceof Message.ToolResult
                                ? PlayedModel.text("done")
                                : PlayedModel.call("c", PlayedTool.NAME, "{}"));
        worker = fixture.worker(model, tool);
    }

    @AfterEach
    void close() {
        worker.close(Duration.ofSeconds(5));
        fixture.close();
    }

    private void waits(SessionId session) throws Exception {
        fixture.send(session, "go");
        worker.round();
        Eventually.holds(
                () -> fixture.base.session(session).state() == SessionState.AWAITING_APPROVAL);
    }

    private void runs(SessionId session) throws Exception {
        TurnId turn = fixture.send(session, "go");
        worker.round();
        assertThat(fixture.awaitEnd(session, turn).reason()).isEqualTo(StopReason.END);
    }

    private String pendingCall(SessionId session) {
        return fixture.base.sessions.approvals().pending(PROJECT, session).getFirst().callId();
    }

    private void allowForSession(SessionId session) throws Exception {
        var approvals = fixture.base.sessions.approvals();
        List<PendingApproval> pending = approvals.pending(PROJECT, session);
        approvals.decide(
                PROJECT, session, pending.getFirst().callId(), ApprovalDecision.allowForSession());
        Eventually.holds(() -> {
            worker.round();
            return fixture.base.session(session).state() == SessionState.IDLE;
        });
    }

    @Test
    void aRewindBehindTheWordAsksAgainForTheSameCall() throws Exception {
        SessionId session = fixture.newSession();
        waits(session);
        String asked = pendingCall(session);
        allowForSession(session);
        runs(session);
        assertThat(tool.runs).hasValue(2);
        var files = new SessionFiles(fixture.base.sessions, fixture.sandboxes);
        new SessionTravels(fixture.base.sessions, fixture.sandboxes, files)
                .rewind(PROJECT, session, 1, SessionTravels.Files.NONE);
        waits(session);
        assertThat(pendingCall(session)).as("not open to a late word").isNotEqualTo(asked);
        assertThat(tool.runs).hasValue(2);
        allowForSession(session);
        assertThat(tool.runs).hasValue(3);
    }
}
