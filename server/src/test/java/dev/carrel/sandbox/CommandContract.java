package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What every [SandboxRuntime] promises about commands.
abstract class CommandContract extends RuntimeFixture {
    private static final Set<String> COMMON_VARIABLES =
            Set.of(
                    "PATH", "HOME", "LANG", "PWD", "OLDPWD", "SHLVL", "TERM", "USER", "LOGNAME",
                    "_");

    @Test
    void commandGivesItsOutputsAndExitCode() throws Exception {
        ExecutionResult result = run("echo out; echo err >&2; exit 7");

        assertThat(result.status()).isEqualTo(ExecutionStatus.COMPLETED);
        assertThat(result.exitCode()).isEqualTo(OptionalInt.of(7));
        assertThat(result.stdout()).isEqualTo("out\n");
        assertThat(result.stderr()).isEqualTo("err\n");
        assertThat(result.truncated()).isFalse();
        assertThat(result.duration()).isBetween(Duration.ZERO, LONG);
    }

    @Test
    void argumentsReachTheProgramAsTheyAre() throws Exception {
        ExecutionResult result =
                run(
                        request(
                                List.of(
                                        "/bin/sh",
                                        "-c",
                                        "printf '%s|' \"$@\"",
                                        "sh",
                                        "a b",
                                        "",
                                        "$x*'")));

        assertThat(result.stdout()).isEqualTo("a b||$x*'|");
    }

    @Test
    void programIsFoundThroughThePath() throws Exception {
        assertThat(run(request(List.of("echo", "found"))).stdout()).isEqualTo("found\n");
    }

    @Test
    void missingProgramEndsAsInAShell() throws Exception {
        ExecutionResult result = run(request(List.of("no-such-program-here")));

        assertThat(result.status()).isEqualTo(ExecutionStatus.COMPLETED);
        assertThat(result.exitCode()).isEqualTo(OptionalInt.of(127));
        assertThat(result.stderr()).isNotBlank();
    }

    @Test
    void missingWorkingDirectoryIsNoSuccess() throws Exception {
        ExecutionResult result = run(ExecutionRequest.shell("echo ran", "/workspace/absent"));

        assertThat(result.status()).isEqualTo(ExecutionStatus.COMPLETED);
        assertThat(result.exitCode().orElseThrow()).isNotZero();
        assertThat(result.stdout()).isEmpty();
        assertThat(result.stderr()).isNotBlank();
    }

    @Test
    void commandStartsInItsWorkingDirectory() throws Exception {
        sandbox.files().makeDirectory("/workspace/deep/down");

        run(ExecutionRequest.shell("echo here > file", "/workspace/deep/down"));

        assertThat(read("/workspace/deep/down/file")).isEqualTo("here\n");
    }

    @Test
    void environmentOfTheRequestAddsToTheSandboxes() throws Exception {
        ExecutionRequest plain = ExecutionRequest.shell("echo $OF_SANDBOX $BOTH $OF_REQUEST", "/");
        var request =
                new ExecutionRequest(
                        plain.command(),
                        plain.cwd(),
                        Map.of("BOTH", "request", "OF_REQUEST", "c d"),
                        "",
                        LONG,
                        plain.outputBytesMax());

        assertThat(run(request).stdout()).isEqualTo("a request c d\n");
        assertThat(run("echo $OF_SANDBOX $BOTH $OF_REQUEST").stdout()).isEqualTo("a sandbox\n");
    }

    @Test
    void environmentOfTheServerStaysOutside() throws Exception {
        Set<String> names = Set.of(run("env | sed 's/=.*//' | grep -v '^_$'").stdout().split("\n"));

        assertThat(names)
                .contains("OF_SANDBOX")
                .doesNotContainAnyElementsOf(
                        System.getenv().keySet().stream()
                                .filter(name -> !COMMON_VARIABLES.contains(name))
                                .toList());
    }

    @Test
    void standardInputIsGivenWholeAndClosed() throws Exception {
        String text = "grüße\n".repeat(20_000);

        ExecutionResult result = run(withStdin("cat", text));

        assertThat(result.stdout()).isEqualTo(text);
        assertThat(run("cat; echo end").stdout()).isEqualTo("end\n");
    }

    @Test
    void commandThatIgnoresItsInputEndsNormally() throws Exception {
        assertThat(run(withStdin("true", "x".repeat(1_000_000))).exitCode())
                .isEqualTo(OptionalInt.of(0));
    }

    @Test
    void outputBeyondTheLimitIsReadAndDropped() throws Exception {
        ExecutionResult result =
                run(
                        limited(
                                "head -c 3000000 /dev/zero | tr '\\0' x;"
                                        + " echo small >&2; echo done > done",
                                1000,
                                LONG));

        assertThat(result.status()).isEqualTo(ExecutionStatus.COMPLETED);
        assertThat(result.stdout()).isEqualTo("x".repeat(1000));
        assertThat(result.stderr()).isEqualTo("small\n");
        assertThat(result.truncated()).isTrue();
        assertThat(read("/workspace/done")).isEqualTo("done\n");
    }

    @Test
    void outputOfExactlyTheLimitIsNotTruncated() throws Exception {
        ExecutionResult result = run(limited("printf 12345", 5, LONG));

        assertThat(result.stdout()).isEqualTo("12345");
        assertThat(result.truncated()).isFalse();
    }

    @Test
    void bytesThatAreNoTextBecomeReplacements() throws Exception {
        assertThat(run("printf 'a\\377b\\303'").stdout()).isEqualTo("a\uFFFDb\uFFFD");
    }

    /// What `timeout` starts has a group of its own.
    @ParameterizedTest
    @ValueSource(strings = {"sleep 40", "timeout 40 sleep 40"})
    void timeoutKillsTheWholeGroupAndItsSession(String child) throws Exception {
        ExecutionResult result = run(limited(child + " & echo $!; sleep 40", 1000, SHORT));

        assertThat(result.status()).isEqualTo(ExecutionStatus.TIMED_OUT);
        assertThat(result.exitCode()).isEqualTo(OptionalInt.of(137));
        assertThat(result.duration()).isBetween(SHORT, Duration.ofSeconds(30));
        awaitGone(result.stdout());
    }

    @ParameterizedTest
    @ValueSource(strings = {"sleep 40", "timeout 40 sleep 40"})
    void killEndsTheWholeGroupAndItsSession(String child) throws Exception {
        Execution execution =
                sandbox.start(ExecutionId.next(), shell(child + " & echo $!; sleep 40"));
        await(() -> execution.result().stdout().endsWith("\n"));

        execution.kill();
        ExecutionResult result = execution.follow(Execution.OutputListener.NONE);

        assertThat(result.status()).isEqualTo(ExecutionStatus.KILLED);
        assertThat(result.exitCode()).isEqualTo(OptionalInt.of(137));
        awaitGone(result.stdout());
        execution.kill();
        assertThat(execution.result().status()).isEqualTo(ExecutionStatus.KILLED);
    }

    /// A killed process may be seen until it is reaped.
    private void awaitGone(String pid) throws Exception {
        assertThat(pid.strip()).matches("[0-9]+");
        await(() -> run("kill -0 " + pid.strip()).exitCode().orElseThrow() != 0);
    }

    @Test
    void commandEndedByASignalSaysWhich() throws Exception {
        ExecutionResult result = run("kill -TERM $$");

        assertThat(result.status()).isEqualTo(ExecutionStatus.KILLED);
        assertThat(result.exitCode()).isEqualTo(OptionalInt.of(143));
    }

    @Test
    void backgroundChildDoesNotHoldUpTheResult() throws Exception {
        ExecutionResult result = run("sleep 20 & echo started");

        assertThat(result.status()).isEqualTo(ExecutionStatus.COMPLETED);
        assertThat(result.stdout()).isEqualTo("started\n");
        assertThat(result.duration()).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void sameIdStartsNothingAgain() throws Exception {
        ExecutionId execution = ExecutionId.next();
        List<Future<ExecutionResult>> results = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 8; i++) {
                results.add(
                        threads.submit(() ->
                                sandbox.start(execution, shell("echo once >> log; echo hi"))
                                        .follow(Execution.OutputListener.NONE)));
            }
        }

        for (Future<ExecutionResult> result : results) {
            assertThat(result.get().stdout()).isEqualTo("hi\n");
        }
        assertThat(read("/workspace/log")).isEqualTo("once\n");
    }

    @Test
    void executionsRunSideBySide() throws Exception {
        Execution waiting =
                sandbox.start(
                        ExecutionId.next(),
                        shell("while [ ! -e go ]; do sleep 0.02; done; cat go"));

        assertThat(run("echo gone > go.new; mv go.new go").exitCode()).isEqualTo(OptionalInt.of(0));

        assertThat(waiting.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("gone\n");
    }

    @Test
    void runningResultShowsWhatIsThereSoFar() throws Exception {
        Execution execution = sandbox.start(ExecutionId.next(), shell("echo first; sleep 30"));

        await(() -> execution.result().stdout().equals("first\n"));

        assertThat(execution.result().status()).isEqualTo(ExecutionStatus.RUNNING);
        assertThat(execution.result().exitCode()).isEmpty();
        assertThat(runtime.execution(id, execution.id())).isPresent();
        execution.kill();
    }

    @Test
    void followTellsOutputWhileItComes() throws Exception {
        var heard = new Heard();
        var first = new CompletableFuture<String>();
        Execution execution =
                sandbox.start(
                        ExecutionId.next(),
                        shell("echo one; while [ ! -e go ]; do sleep 0.02; done; echo two >&2"));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<ExecutionResult> result =
                    threads.submit(() ->
                            execution.follow((stream, text) -> {
                                heard.output(stream, text);
                                first.complete(text);
                            }));
            assertThat(first.get(20, TimeUnit.SECONDS)).isEqualTo("one\n");
            sandbox.files().write("/workspace/go", content(""));
            assertThat(result.get(20, TimeUnit.SECONDS).status())
                    .isEqualTo(ExecutionStatus.COMPLETED);
        }

        assertThat(heard.stdout.toString()).isEqualTo("one\n");
        assertThat(heard.stderr.toString()).isEqualTo("two\n");
    }

    @Test
    void followAfterTheEndTellsEverythingAgain() throws Exception {
        Execution execution = sandbox.start(ExecutionId.next(), shell("echo out; echo err >&2"));
        execution.follow(Execution.OutputListener.NONE);
        var heard = new Heard();

        execution.follow(heard);

        assertThat(heard.stdout.toString()).isEqualTo("out\n");
        assertThat(heard.stderr.toString()).isEqualTo("err\n");
    }

    @Test
    void characterIsNotCutWhereOutputIs() throws Exception {
        Execution execution =
                sandbox.start(
                        ExecutionId.next(),
                        shell(
                                "printf 'a\\342'; sleep 0.2; printf '\\202'; sleep 0.2;"
                                        + " printf '\\254b'"));
        var heard = new Heard();

        execution.follow(heard);

        assertThat(heard.stdout.toString()).isEqualTo("a€b");
    }

    @Test
    void interruptEndsTheFollowingAndLeavesTheCommand() throws Exception {
        Execution execution =
                sandbox.start(
                        ExecutionId.next(),
                        shell("while [ ! -e go ]; do sleep 0.02; done; echo ok"));
        var interrupted = new CompletableFuture<Boolean>();
        Thread follower =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                execution.follow(Execution.OutputListener.NONE);
                                interrupted.complete(false);
                            } catch (InterruptedException e) {
                                interrupted.complete(true);
                            }
                        });

        follower.interrupt();

        assertThat(interrupted.get(20, TimeUnit.SECONDS)).isTrue();
        sandbox.files().write("/workspace/go", content(""));
        assertThat(execution.follow(Execution.OutputListener.NONE).stdout()).isEqualTo("ok\n");
    }

    @Test
    void unknownExecutionIsAbsent() {
        assertThat(runtime.execution(id, ExecutionId.next())).isEmpty();
        assertThat(runtime.execution(SandboxId.next(), ExecutionId.next())).isEmpty();
    }
}
