package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/// What every [SandboxRuntime] promises of paused sandboxes.
abstract class PauseContract extends WatchContract {
    private static final String COUNT =
            "i=0; while [ ! -e go ]; do i=$((i+1)); echo $i > count; sleep 0.01; done; echo ended";

    @Test
    void pausedSandboxStandsStillAndGoesOnWhenItIsResumed() throws Exception {
        Execution counting = startCounting();

        sandbox.pause();
        sandbox.pause();

        assertThat(sandbox.isPaused()).isTrue();
        assertThat(sandbox.isAlive()).isTrue();
        int stood = counted();
        await(Duration.ofMillis(100));
        assertThat(counted()).isEqualTo(stood);
        assertThat(counting.result().status()).isEqualTo(ExecutionStatus.RUNNING);

        sandbox.resume();
        sandbox.resume();

        assertThat(sandbox.isPaused()).isFalse();
        await(() -> counted() > stood);
        sandbox.files().write("/workspace/go", content(""));
        assertThat(counting.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("ended\n");
    }

    @Test
    void pausedSandboxRefusesCommandsButGivesFilesAndResults() throws Exception {
        Execution ended = sandbox.start(ExecutionId.next(), shell("echo done; exit 3"));
        ended.follow(Execution.OutputListener.NONE);
        Execution open = sandbox.start(ExecutionId.next(), shell("sleep 40"));
        sandbox.pause();

        assertCode(
                ErrorCode.SANDBOX_NOT_RUNNING,
                () -> sandbox.start(ExecutionId.next(), shell("true")));
        assertCode(ErrorCode.SANDBOX_NOT_RUNNING, () -> runtime.execution(id, open.id()));
        assertThat(runtime.execution(id, ExecutionId.next())).isEmpty();
        assertThat(recorded(ended).exitCode()).isEqualTo(OptionalInt.of(3));
        sandbox.files().write("/workspace/file", content("written"));
        assertThat(read("/workspace/file")).isEqualTo("written");

        sandbox.resume();
        assertThat(run("cat file").stdout()).isEqualTo("written");
        assertThat(recorded(open).status()).isEqualTo(ExecutionStatus.RUNNING);
    }

    @Test
    void anotherRuntimeFindsThePausedSandboxAndResumesIt() throws Exception {
        Execution counting = startCounting();
        sandbox.pause();

        runtime.close();
        runtime = openRuntime();
        sandbox = runtime.find(id, spec()).orElseThrow();

        assertThat(sandbox.isPaused()).isTrue();
        assertThat(sandbox.isAlive()).isTrue();
        int stood = counted();
        sandbox.resume();
        await(() -> counted() > stood);
        sandbox.files().write("/workspace/go", content(""));
        Execution found = runtime.execution(id, counting.id()).orElseThrow();
        assertThat(found.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("ended\n");
    }

    @Test
    void pausedSandboxCanBeStoppedAndDestroyed() throws Exception {
        Execution cut = sandbox.start(ExecutionId.next(), shell("sleep 40"));
        sandbox.pause();

        runtime.stop(id);

        assertThat(sandbox.isAlive()).isFalse();
        assertThat(sandbox.isPaused()).isFalse();
        assertThat(recorded(cut).status()).isEqualTo(ExecutionStatus.INTERRUPTED);
        sandbox = runtime.start(id, spec());
        assertThat(sandbox.isPaused()).isFalse();
        assertThat(run("echo up").stdout()).isEqualTo("up\n");
        sandbox.pause();

        runtime.destroy(id);

        assertThat(runtime.remains()).doesNotContain(id);
    }

    @Test
    void timeoutsStandStillInAPauseAlsoForTheNextServer() throws Exception {
        String untilGo = "while [ ! -e go ]; do sleep 0.01; done; echo ended";
        var timeout = Duration.ofMillis(1500);
        var pause = Duration.ofMillis(1600);
        Execution waits = sandbox.start(ExecutionId.next(), limited(untilGo, 100, timeout));
        Execution sleeps = sandbox.start(ExecutionId.next(), limited("sleep 40", 100, timeout));
        sandbox.pause();
        runtime.close();
        runtime = openRuntime();
        sandbox = runtime.find(id, spec()).orElseThrow();

        await(pause);
        sandbox.files().write("/workspace/go", content(""));
        sandbox.resume();

        assertThat(ended(waits).status()).isEqualTo(ExecutionStatus.COMPLETED);
        ExecutionResult late = ended(sleeps);
        assertThat(late.status()).isEqualTo(ExecutionStatus.TIMED_OUT);
        assertThat(late.duration()).isGreaterThan(timeout.plus(pause));
        var brief = Duration.ofMillis(200);
        Execution after = sandbox.start(ExecutionId.next(), limited("sleep 40", 100, brief));
        assertThat(ended(after).duration()).isBetween(brief, brief.plus(pause));
    }

    private ExecutionResult ended(Execution execution) throws Exception {
        return runtime.execution(id, execution.id())
                .orElseThrow()
                .follow(Execution.OutputListener.NONE);
    }

    private Execution startCounting() throws Exception {
        sandbox.files().write("/workspace/count", content("0"));
        Execution counting = sandbox.start(ExecutionId.next(), shell(COUNT));
        await(() -> counted() > 2);
        return counting;
    }

    private int counted() throws Exception {
        String text = read("/workspace/count").strip();
        return text.isEmpty() ? 0 : Integer.parseInt(text);
    }

    /// Nothing that could be waited for happens in a pause.
    private static void await(Duration time) throws Exception {
        long end = System.nanoTime() + time.toNanos();
        await(() -> System.nanoTime() > end);
    }
}
