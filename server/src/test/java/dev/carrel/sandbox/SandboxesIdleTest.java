package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.FakeHost.Step;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SandboxesIdleTest extends SandboxesFixture {
    private static final Duration PAUSE = Duration.ofMinutes(15);
    private static final Duration STOP = Duration.ofDays(1);

    @Test
    void whatNobodyUsesIsPausedAndThenStopped() throws Exception {
        Sandbox sandbox = create();
        write(sandbox, "file", "kept");
        pass(PAUSE.minusSeconds(1));
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
        pass(Duration.ofSeconds(1));
        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);
        pass(STOP.minus(PAUSE).minusSeconds(1));
        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);
        pass(Duration.ofSeconds(1));

        assertThat(state(sandbox)).isEqualTo(SandboxState.STOPPED);
        assertThat(sandboxes.get(PROJECT, sandbox.id()).reason()).contains("idle");
        assertThat(read(sandbox, "file")).isEqualTo("kept");
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
        assertThat(sandboxes.get(PROJECT, sandbox.id()).reason()).isEmpty();
    }

    @Test
    void itsOwnRulesWin() {
        SandboxSpec spec =
                SandboxSpec.defaults()
                        .withIdle(
                                new IdleRules(Optional.empty(), Optional.of(Duration.ofHours(1))));
        Sandbox sandbox = sandboxes.create(PROJECT, spec);
        assertThat(sandbox.idle().pauseAfter()).isEmpty();
        pass(Duration.ofMinutes(59));
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
        pass(Duration.ofMinutes(1));
        assertThat(state(sandbox)).isEqualTo(SandboxState.STOPPED);
    }

    @Test
    void eachUseCountsAnew() throws Exception {
        Sandbox sandbox = create();
        for (int i = 0; i < 3; i++) {
            pass(PAUSE.minusSeconds(1));
            run(sandbox, "true");
        }
        assertThat(host.count(Step.BEFORE_PAUSE)).isZero();
    }

    @Test
    void holdKeepsItAwakeAndIsAUseUntilItIsClosed() {
        Sandbox sandbox = create();
        try (Hold hold = sandboxes.hold(PROJECT, sandbox.id())) {
            pass(STOP.multipliedBy(2));
            assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
            assertThat(hold.running().isPaused()).isFalse();
        }
        pass(PAUSE.minusSeconds(1));
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
        pass(Duration.ofSeconds(1));
        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);
    }

    @Test
    void commandInTheForegroundKeepsItAwakeUntilItEnds() throws Exception {
        Sandbox sandbox = create();
        Execution waiting = start(sandbox, "while [ ! -e go ]; do sleep 0.02; done");
        pass(STOP.multipliedBy(2));
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);

        write(sandbox, "go", "");
        waiting.follow(Execution.OutputListener.NONE);
        pass(PAUSE);

        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);
    }

    @Test
    void commandInTheForegroundOfAPausedOneIsStoppedWithIt() throws Exception {
        Sandbox sandbox = create();
        Execution waiting = start(sandbox, "sleep 1000");
        pass(PAUSE);
        sandboxes.pause(PROJECT, sandbox.id());
        pass(STOP.minusSeconds(1));
        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);

        pass(Duration.ofSeconds(1));

        assertThat(state(sandbox)).isEqualTo(SandboxState.STOPPED);
        assertThat(reason(sandbox)).contains("idle");
        assertThat(waiting.follow(Execution.OutputListener.NONE).status())
                .isEqualTo(ExecutionStatus.INTERRUPTED);
    }

    @Test
    void commandInTheBackgroundStandsStillWithIt() throws Exception {
        Sandbox sandbox = create();
        Execution waiting =
                sandboxes.startInBackground(
                        PROJECT,
                        sandbox.id(),
                        ExecutionId.next(),
                        shell("while [ ! -e go ]; do sleep 0.02; done; echo went"));
        pass(PAUSE);
        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);

        write(sandbox, "go", "");

        assertThat(waiting.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("went\n");
    }

    @Test
    void failedPauseIsTriedAgainOnlyAfterAnotherIdleTime() {
        Sandbox sandbox = create();
        host.failAt(Step.BEFORE_PAUSE);
        pass(PAUSE);
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
        sandboxes.reapOnce();
        assertThat(host.count(Step.BEFORE_PAUSE)).isEqualTo(1);
        pass(PAUSE);
        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);
    }

    @Test
    void stoppedSandboxSaysWhy() {
        Sandbox crashed = create();
        host.killInit(crashed.id());
        assertThat(reason(crashed)).contains("crashed");
        Sandbox idle = create();
        pass(STOP);

        restart();

        assertThat(reason(idle)).contains("idle");
        assertThat(reason(crashed)).contains("server");
        sandboxes.resume(PROJECT, idle.id());
        host.killInit(idle.id());
        assertThat(reason(idle)).contains("crashed");
    }

    @Test
    void serverThatDiesBeforeTheStopLeavesOneThatRuns() {
        Sandbox sandbox = create();
        host.dieAt(Step.BEFORE_STOP);
        clock.tick(STOP);
        org.assertj.core.api.Assertions.assertThatThrownBy(sandboxes::reapOnce)
                .isInstanceOf(FakeHost.ServerDied.class);

        restart();

        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
        host.killInit(sandbox.id());
        assertThat(reason(sandbox)).contains("crashed");
    }

    private void pass(Duration time) {
        clock.tick(time);
        sandboxes.reapOnce();
    }

    private Optional<String> reason(Sandbox sandbox) {
        return sandboxes.get(PROJECT, sandbox.id()).reason();
    }

    private SandboxState state(Sandbox sandbox) {
        return sandboxes.get(PROJECT, sandbox.id()).state();
    }
}
