package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class SandboxesPauseTest extends SandboxesFixture {
    @Test
    void pausedSandboxIsShownAndListedAsPaused() {
        Sandbox sandbox = create();

        assertThat(sandboxes.pause(PROJECT, sandbox.id()).state()).isEqualTo(SandboxState.PAUSED);
        assertThat(sandboxes.pause(PROJECT, sandbox.id()).state()).isEqualTo(SandboxState.PAUSED);

        assertThat(host.count(Step.BEFORE_PAUSE)).isEqualTo(1);
        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);
        var paused =
                new SandboxFilter(
                        Optional.of(SandboxState.PAUSED),
                        Optional.empty(),
                        SandboxFilter.ALL.metadata());
        assertThat(list(PROJECT, paused)).isEqualTo(List.of(sandbox.id()));
        assertThat(sandboxes.resume(PROJECT, sandbox.id()).state()).isEqualTo(SandboxState.RUNNING);
    }

    @Test
    void anyUseResumes() throws Exception {
        Sandbox sandbox = create();
        pause(sandbox);
        assertThat(run(sandbox, "echo ran").stdout()).isEqualTo("ran\n");
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);

        pause(sandbox);
        write(sandbox, "file", "kept");
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);

        Execution waiting = start(sandbox, "while [ ! -e go ]; do sleep 0.02; done");
        pause(sandbox);
        assertThat(sandboxes.execution(PROJECT, sandbox.id(), waiting.id()).result().status())
                .isEqualTo(ExecutionStatus.RUNNING);
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
        write(sandbox, "go", "");
        waiting.follow(Execution.OutputListener.NONE);
    }

    @Test
    void usesAtOnceResumeOnce() throws Exception {
        Sandbox sandbox = create();
        SandboxFiles files = sandboxes.files(PROJECT, sandbox.id());
        pause(sandbox);

        atOnce(20, () -> files.stat("/workspace"));

        assertThat(host.count(Step.AFTER_RESUME)).isEqualTo(1);
    }

    @Test
    void usesAndPausesAtOnceNeverFail() throws Exception {
        Sandbox sandbox = create();
        SandboxFiles files = sandboxes.files(PROJECT, sandbox.id());
        var started = new ArrayList<Execution>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var pausing =
                    threads.submit(() -> {
                        for (int i = 0; i < 20; i++) {
                            pause(sandbox);
                        }
                    });
            for (int i = 0; i < 4; i++) {
                files.stat("/workspace");
                started.add(start(sandbox, "echo ran"));
            }
            pausing.get();
        }
        sandboxes.resume(PROJECT, sandbox.id());
        for (Execution execution : started) {
            assertThat(execution.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("ran\n");
        }
    }

    @Test
    void stoppedSandboxCannotBePaused() {
        Sandbox sandbox = create();
        host.killInit(sandbox.id());

        assertCode(ErrorCode.SANDBOX_NOT_RUNNING, () -> pause(sandbox));
        assertThat(sandboxes.resume(PROJECT, sandbox.id()).state()).isEqualTo(SandboxState.RUNNING);
    }

    @Test
    void failedPauseLeavesItRunning() throws Exception {
        Sandbox sandbox = create();
        host.failAt(Step.BEFORE_PAUSE);

        assertCode(ErrorCode.SANDBOX_FAILED, () -> pause(sandbox));

        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
        assertThat(run(sandbox, "echo ran").stdout()).isEqualTo("ran\n");
    }

    @Test
    void failedResumeIsTriedAgainAtTheNextUse() throws Exception {
        Sandbox sandbox = create();
        pause(sandbox);
        host.failAt(Step.BEFORE_RESUME);

        assertCode(ErrorCode.SANDBOX_FAILED, () -> run(sandbox, "true"));

        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);
        assertThat(run(sandbox, "echo ran").stdout()).isEqualTo("ran\n");
    }

    @Test
    void pausedSandboxStaysPausedOverARestartOfTheServer() throws Exception {
        Sandbox sandbox = create();
        write(sandbox, "file", "kept");
        pause(sandbox);

        restart();

        assertThat(state(sandbox)).isEqualTo(SandboxState.PAUSED);
        assertThat(read(sandbox, "file")).isEqualTo("kept");
        assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
        assertThat(host.count(Step.BEFORE_START)).isZero();
    }

    @Test
    void pausedSandboxCanBeDeleted() {
        Sandbox sandbox = create();
        start(sandbox, "sleep 40");
        pause(sandbox);

        sandboxes.delete(PROJECT, sandbox.id());

        assertNothingLeft();
        assertCode(ErrorCode.SANDBOX_NOT_FOUND, () -> pause(sandbox));
    }

    @Test
    void holdWakesAndGivesTheSandboxAsItIsNow() {
        Sandbox sandbox = create();
        pause(sandbox);
        try (Hold hold = sandboxes.hold(PROJECT, sandbox.id())) {
            assertThat(state(sandbox)).isEqualTo(SandboxState.RUNNING);
            pause(sandbox);
            assertThat(hold.running().isPaused()).isFalse();
            host.killInit(sandbox.id());
            assertThat(hold.running().isAlive()).isTrue();
            sandboxes.delete(PROJECT, sandbox.id());
            assertCode(ErrorCode.SANDBOX_NOT_FOUND, hold::running);
            hold.close();
        }
    }

    private void pause(Sandbox sandbox) {
        sandboxes.pause(PROJECT, sandbox.id());
    }

    private SandboxState state(Sandbox sandbox) {
        return sandboxes.get(PROJECT, sandbox.id()).state();
    }
}
