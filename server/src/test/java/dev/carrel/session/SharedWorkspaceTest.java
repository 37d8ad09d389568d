package dev.carrel.session;

import static dev.carrel.session.SessionFixture.LEASE;
import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.WorkspaceScope;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.SandboxId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedWorkspaceTest {
    @TempDir Path home;
    private SessionFixture fixture;
    private Sessions sessions;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        sessions = fixture.sessions;
        WorkspaceSettings usual = WorkspaceSettings.DEFAULT;
        fixture.deployments.deploy(
                PROJECT,
                List.of(
                        SessionFixture.agent("own"),
                        SessionFixture.agent("each").toBuilder()
                                .workspace(usual.with(WorkspaceScope.USER))
                                .build(),
                        SessionFixture.agent("all").toBuilder()
                                .workspace(usual.with(WorkspaceScope.SHARED))
                                .build()));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void turnsOfOneUserRunOneAfterTheOtherAcrossSessions() {
        SessionId first = session("each", "ada");
        SessionId second = session("each", "ada");
        SessionId other = session("each", "bob");
        send(first);
        tick();
        send(second);
        send(other);

        List<Lease> claimed = claim();
        assertThat(claimed).extracting(Lease::session).containsExactly(first, other);
        assertThat(sessions.get(PROJECT, second).state()).isEqualTo(SessionState.QUEUED);
        assertThat(sessions.get(PROJECT, second).workspaceBusy()).isTrue();
        assertThat(claim()).isEmpty();

        end(claimed.getFirst());
        assertThat(sessions.get(PROJECT, second).workspaceBusy()).isFalse();
        assertThat(claim()).extracting(Lease::session).containsExactly(second);
    }

    @Test
    void theOneThatWaitsLongestIsNextWhateverItsSession() {
        SessionId first = session("all", "ada");
        SessionId second = session("all", "bob");
        SessionId third = session("all", "eve");
        send(first);
        tick();
        send(third);
        tick();
        send(first);
        tick();
        send(second);

        for (SessionId expected : List.of(first, third, first, second)) {
            List<Lease> claimed = claim();
            assertThat(claimed).extracting(Lease::session).containsExactly(expected);
            end(claimed.getFirst());
        }
    }

    @Test
    void sessionsWithTheirOwnAreNotHeldUp() {
        send(session("own", "ada"));
        send(session("own", "ada"));
        send(session("each", "ada"));
        send(session("all", "ada"));

        assertThat(claim()).hasSize(4);
    }

    @Test
    void sessionsThatWereGivenOneSandboxHaveOneTurnAtATime() {
        SessionId first = given("sbx_a");
        SessionId second = given("sbx_a");
        SessionId other = given("sbx_b");
        send(first);
        tick();
        send(second);
        send(other);
        List<Lease> claimed = claim();
        assertThat(claimed).extracting(Lease::session).containsExactly(first, other);
        assertThat(sessions.get(PROJECT, second).workspaceBusy()).isTrue();
        end(claimed.getFirst());
        assertThat(claim()).extracting(Lease::session).containsExactly(second);
    }

    @Test
    void theSessionThatMadeASandboxSharesItsTurnsWithThoseThatWereGivenIt() {
        SessionId maker = session("own", "ada");
        send(maker);
        Lease making = claim().getFirst();
        assertThat(sessions.bindSandbox(PROJECT, maker, new SandboxId("sbx_a"))).isTrue();
        SessionId guest = given("sbx_a");
        send(guest);
        assertThat(claim()).isEmpty();
        end(making);
        Lease visit = claim().getFirst();
        assertThat(visit.session()).isEqualTo(guest);
        send(maker);
        assertThat(claim()).isEmpty();
        end(visit);
        assertThat(claim()).extracting(Lease::session).containsExactly(maker);
    }

    @Test
    void aTurnWhoseSessionGetsAnotherSandboxHasThatToItself() {
        SessionId maker = given("sbx_a");
        send(maker);
        Lease making = claim().getFirst();
        var key = new SessionKey(PROJECT, maker);
        fixture.store.write(handle -> FilesRows.unbind(handle, key, new SandboxId("sbx_a")));
        assertThat(sessions.bindSandbox(PROJECT, maker, new SandboxId("sbx_b"))).isTrue();
        SessionId guest = given("sbx_b");
        send(guest);
        assertThat(claim()).isEmpty();
        end(making);
        assertThat(claim()).extracting(Lease::session).containsExactly(guest);
    }

    @Test
    void theSandboxOfAWorkspaceGivenByIdIsThatWorkspace() {
        fixture.store.write(handle ->
                handle.execute(
                        """
                        insert into sandboxes (id, project, owner, state, spec, created_at,
                            ttl_from, last_active_at)
                        values ('sbx_w', ?, 'workspace:all', 'ready', '{}', 0, 0, 0)
                        """,
                        PROJECT.value()));
        SessionId member = session("all", "ada");
        send(member);
        Lease working = claim().getFirst();
        send(given("sbx_w"));
        assertThat(claim()).isEmpty();
        end(working);
        assertThat(claim()).hasSize(1);
    }

    private SessionId given(String sandbox) {
        var session =
                new NewSession(
                        "own", Optional.empty(), Map.of(), Optional.of(new SandboxId(sandbox)));
        return sessions.create(PROJECT, session).id();
    }

    @Test
    void turnsSentAtOneMomentAndAClockThatGoesBackHoldNobodyUpForEver() {
        SessionId first = session("all", "ada");
        SessionId second = session("all", "bob");
        for (int i = 0; i < 4; i++) {
            send(first);
            send(second);
            fixture.clock.tick(Duration.ofSeconds(-1));
        }
        for (int i = 0; i < 8; i++) {
            fixture.clock.tick(Duration.ofSeconds(60));
            List<Lease> claimed = claim();
            assertThat(claimed).as("turn %d", i).hasSize(1);
            end(claimed.getFirst());
        }
    }

    @Test
    void aTurnThatWaitsForAWordLetsOthersInAndComesBackAfterThem() {
        SessionId first = session("all", "ada");
        SessionId second = session("all", "bob");
        send(first);
        Lease asking = claim().getFirst();
        SessionJournal journal = sessions.turns().journal(asking);
        journal.append(new Event.TurnStarted(1));
        journal.append(SessionFixture.answer("", new dev.carrel.model.ToolCall("c", "bash", "{}")));
        journal.append(new Event.ApprovalRequested("c", "bash", "{}", "bash(*)"));
        assertThat(journal.rest()).isEmpty();
        send(second);

        Lease running = claim().getFirst();
        assertThat(running.session()).isEqualTo(second);
        sessions.approvals().decide(PROJECT, first, "c", ApprovalDecision.allow());
        assertThat(claim()).isEmpty();
        end(running);
        assertThat(claim()).extracting(Lease::session).containsExactly(first);
    }

    @Test
    void aTurnThatIsToEndWaitsForNobody() {
        SessionId first = session("each", "ada");
        SessionId second = session("each", "ada");
        send(first);
        Lease asking = fixture.claim();
        fixture.sessions.turns().journal(asking).append(new Event.TurnStarted(1));
        fixture.sessions.turns().journal(asking).rest();
        send(second);
        assertThat(fixture.claim().session()).isEqualTo(second);
        fixture.sessions.interrupt(PROJECT, first);
        assertThat(fixture.claim().session()).isEqualTo(first);
    }

    @Test
    void aLostTurnIsFinishedBeforeAnotherBegins() {
        SessionId first = session("all", "ada");
        SessionId second = session("all", "bob");
        send(first);
        assertThat(claim()).hasSize(1);
        send(second);
        fixture.clock.tick(LEASE.plusSeconds(1));

        assertThat(claim()).extracting(Lease::session).containsExactly(first);
    }

    @Test
    void aSessionWithoutItsUserIsRefused() {
        for (Optional<String> user : List.of(Optional.<String>empty(), Optional.of(" "))) {
            var wanted = new NewSession("each", user, Map.of(), Optional.empty());
            CarrelException refused =
                    catchThrowableOfType(
                            CarrelException.class, () -> sessions.create(PROJECT, wanted));
            assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refused.param()).contains("user");
        }
    }

    private SessionId session(String agent, String user) {
        return sessions.create(
                        PROJECT,
                        new NewSession(agent, Optional.of(user), Map.of(), Optional.empty()))
                .id();
    }

    private void send(SessionId session) {
        sessions.send(PROJECT, session, TurnInput.ofMessage("hi"));
    }

    private void tick() {
        fixture.clock.tick(Duration.ofSeconds(1));
    }

    private List<Lease> claim() {
        return sessions.turns().claim(10, LEASE);
    }

    private void end(Lease lease) {
        sessions.turns()
                .journal(lease)
                .append(new Event.TurnCompleted(StopReason.END, 1, Usage.NONE, Optional.empty()));
        sessions.turns().release(lease);
    }
}
