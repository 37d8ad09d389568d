package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What every [SandboxRuntime] promises. A subclass says how to open one; commands are `/bin/sh`
/// with programs that any root file system has, and name files relative to their working directory.
/// Paths of files are below `/workspace`, which exists.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
public abstract class SandboxRuntimeContract {
    private static final Duration LONG = Duration.ofSeconds(50);
    private static final Set<String> COMMON_VARIABLES =
            Set.of(
                    "PATH", "HOME", "LANG", "PWD", "OLDPWD", "SHLVL", "TERM", "USER", "LOGNAME",
                    "_");
    private static final Duration SHORT = Duration.ofMillis(300);

    private final Set<SandboxId> made = new HashSet<>();
    private SandboxRuntime runtime;
    private SandboxId id;
    private RunningSandbox sandbox;

    /// A runtime on the host that all runtimes of one test share: the second call plays a server
    /// that was started again.
    protected abstract SandboxRuntime openRuntime() throws Exception;

    /// Runs after each test, when its sandboxes are destroyed and its runtimes closed.
    protected void clean() throws Exception {}

    @BeforeEach
    void createSandbox() throws Exception {
        runtime = openRuntime();
        id = newId();
        sandbox = runtime.create(id, spec());
    }

    @AfterEach
    void destroySandboxes() throws Exception {
        made.forEach(runtime::destroy);
        runtime.close();
        clean();
    }

    @Test
    void newSandboxIsAliveAndHasAnEmptyWorkspace() {
        assertThat(sandbox.isAlive()).isTrue();
        assertThat(sandbox.files().list("/workspace", false, 10)).isEmpty();
        assertThat(runtime.remains()).contains(id);
    }

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

    @Test
    void timeoutKillsTheWholeGroup() throws Exception {
        ExecutionResult result =
                run(limited("(sleep 0.6; echo late > late) & echo early; sleep 30", 1000, SHORT));

        assertThat(result.status()).isEqualTo(ExecutionStatus.TIMED_OUT);
        assertThat(result.exitCode()).isEqualTo(OptionalInt.of(137));
        assertThat(result.stdout()).isEqualTo("early\n");
        assertThat(result.duration()).isBetween(SHORT, Duration.ofSeconds(20));
        run("sleep 0.8");
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> sandbox.files().stat("/workspace/late"));
    }

    @Test
    void killEndsTheWholeGroup() throws Exception {
        Execution execution =
                sandbox.start(
                        ExecutionId.next(),
                        shell("(sleep 0.6; echo late > late) & echo up; sleep 30"));
        await(() -> execution.result().stdout().equals("up\n"));

        execution.kill();
        ExecutionResult result = execution.follow(Execution.OutputListener.NONE);

        assertThat(result.status()).isEqualTo(ExecutionStatus.KILLED);
        assertThat(result.exitCode()).isEqualTo(OptionalInt.of(137));
        run("sleep 0.8");
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> sandbox.files().stat("/workspace/late"));
        execution.kill();
        assertThat(execution.result().status()).isEqualTo(ExecutionStatus.KILLED);
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

    @Test
    void writtenFileIsReadBackInsideAndOutside() throws Exception {
        long bytes = sandbox.files().write("/workspace/a/b/file.txt", content("grüße\n"));

        assertThat(bytes).isEqualTo(8);
        assertThat(read("/workspace/a/b/file.txt")).isEqualTo("grüße\n");
        assertThat(run("cat a/b/file.txt").stdout()).isEqualTo("grüße\n");
    }

    @Test
    void writeReplacesTheWholeContent() throws Exception {
        sandbox.files().write("/workspace/file", content("long content"));
        sandbox.files().write("/workspace/file", content("short"));

        assertThat(read("/workspace/file")).isEqualTo("short");
        assertThat(sandbox.files().list("/workspace", false, 10))
                .extracting(FileStat::path)
                .containsExactly("/workspace/file");
    }

    @Test
    void failedWriteLeavesTheOldContent() throws Exception {
        sandbox.files().write("/workspace/file", content("old"));
        var failing =
                new InputStream() {
                    private int left = 100_000;

                    @Override
                    public int read() throws IOException {
                        if (left-- <= 0) {
                            throw new IOException("the client went away");
                        }
                        return 'x';
                    }
                };

        assertThatThrownBy(() -> sandbox.files().write("/workspace/file", failing))
                .isInstanceOf(RuntimeException.class);

        assertThat(read("/workspace/file")).isEqualTo("old");
        assertThat(sandbox.files().list("/workspace", false, 10)).hasSize(1);
    }

    @Test
    void readBeginsAtTheOffset() throws Exception {
        sandbox.files().write("/workspace/file", content("0123456789"));

        try (InputStream rest = sandbox.files().read("/workspace/file", 7);
                InputStream beyond = sandbox.files().read("/workspace/file", 100)) {
            assertThat(rest).hasContent("789");
            assertThat(beyond.readAllBytes()).isEmpty();
        }
    }

    @Test
    void statTellsWhatAnEntryIs() throws Exception {
        run("echo 12345 > file; chmod 640 file; mkdir dir; ln -s file link; mkfifo fifo");

        FileStat file = sandbox.files().stat("/workspace/file");
        assertThat(file.type()).isEqualTo(FileStat.Type.FILE);
        assertThat(file.path()).isEqualTo("/workspace/file");
        assertThat(file.sizeBytes()).isEqualTo(6);
        assertThat(file.mode()).isEqualTo(0640);
        assertThat(file.owner()).isZero();
        assertThat(file.linkTarget()).isEmpty();
        assertThat(sandbox.files().stat("/workspace/dir").type())
                .isEqualTo(FileStat.Type.DIRECTORY);
        assertThat(sandbox.files().stat("/workspace/fifo").type()).isEqualTo(FileStat.Type.OTHER);
        FileStat link = sandbox.files().stat("/workspace/link");
        assertThat(link.type()).isEqualTo(FileStat.Type.SYMLINK);
        assertThat(link.linkTarget()).contains("file");
    }

    @Test
    void listIsSortedAndBounded() throws Exception {
        run("mkdir d; touch d/z d/y b a; ln -s d e");

        assertThat(paths("/workspace", false, 10))
                .containsExactly("/workspace/a", "/workspace/b", "/workspace/d", "/workspace/e");
        assertThat(paths("/workspace", true, 10))
                .containsExactly(
                        "/workspace/a",
                        "/workspace/b",
                        "/workspace/d",
                        "/workspace/d/y",
                        "/workspace/d/z",
                        "/workspace/e");
        assertThat(paths("/workspace", false, 4)).hasSize(4);
        assertThat(paths("/workspace", false, 3)).hasSize(4);
        assertThat(paths("/workspace", false, 2)).hasSize(3);
    }

    @Test
    void deleteRemovesFilesLinksAndTrees() throws Exception {
        run("mkdir -p d/e; touch d/e/f keep; ln -s keep link; ln -s d tree");

        sandbox.files().delete("/workspace/link");
        sandbox.files().delete("/workspace/tree");
        assertThat(paths("/workspace", true, 10)).contains("/workspace/keep", "/workspace/d/e/f");
        sandbox.files().delete("/workspace/d");

        assertThat(paths("/workspace", true, 10)).containsExactly("/workspace/keep");
    }

    @Test
    void makeDirectoryMakesParentsAndMayRepeat() {
        sandbox.files().makeDirectory("/workspace/x/y/z");
        sandbox.files().makeDirectory("/workspace/x/y/z");

        assertThat(paths("/workspace", true, 10))
                .containsExactly("/workspace/x", "/workspace/x/y", "/workspace/x/y/z");
    }

    @Test
    void absentFilesAreNotFound() {
        SandboxFiles files = sandbox.files();

        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.stat("/workspace/absent"));
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.read("/workspace/absent", 0));
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.list("/workspace/absent", false, 10));
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.delete("/workspace/absent"));
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files.stat("/workspace/absent/deeper"));
    }

    @Test
    void entriesOfTheWrongKindConflict() throws Exception {
        run("mkdir dir; touch file; mkfifo fifo");
        SandboxFiles files = sandbox.files();

        assertCode(ErrorCode.CONFLICT, () -> files.read("/workspace/dir", 0));
        assertCode(ErrorCode.CONFLICT, () -> files.read("/workspace/fifo", 0));
        assertCode(ErrorCode.CONFLICT, () -> files.list("/workspace/file", false, 10));
        assertCode(ErrorCode.CONFLICT, () -> files.write("/workspace/dir", content("x")));
        assertCode(ErrorCode.CONFLICT, () -> files.write("/workspace/file/x", content("x")));
        assertCode(ErrorCode.CONFLICT, () -> files.makeDirectory("/workspace/file"));
    }

    @Test
    void pathsThatAreNoneAreRefused() {
        SandboxFiles files = sandbox.files();

        for (String path :
                List.of(
                        "",
                        "relative",
                        "./workspace",
                        "/workspace/a\0b",
                        "/" + "x/".repeat(5000),
                        "/proc/self/environ")) {
            assertCode(ErrorCode.INVALID_PATH, () -> files.stat(path));
            assertCode(ErrorCode.INVALID_PATH, () -> files.read(path, 0));
            assertCode(ErrorCode.INVALID_PATH, () -> files.write(path, content("x")));
            assertCode(ErrorCode.INVALID_PATH, () -> files.delete(path));
            assertCode(ErrorCode.INVALID_PATH, () -> files.list(path, false, 10));
            assertCode(ErrorCode.INVALID_PATH, () -> files.makeDirectory(path));
        }
        assertCode(ErrorCode.INVALID_PATH, () -> files.delete("/"));
    }

    @Test
    void pathsStayInside() throws Exception {
        sandbox.files().write("/workspace/secret", content("inside"));
        run("ln -s /workspace/secret absolute; ln -s ../../../../workspace/secret up");

        assertThat(read("/../../workspace/./x/../secret")).isEqualTo("inside");
        assertThat(read("/workspace/absolute")).isEqualTo("inside");
        assertThat(read("/workspace/up")).isEqualTo("inside");
    }

    @Test
    void writeFollowsALink() throws Exception {
        run("echo old > target; ln -s target link");

        sandbox.files().write("/workspace/link", content("new"));

        assertThat(read("/workspace/target")).isEqualTo("new");
        assertThat(sandbox.files().stat("/workspace/link").type()).isEqualTo(FileStat.Type.SYMLINK);
    }

    @Test
    void stopKeepsFilesAndExecutionsAndEndsProcesses() throws Exception {
        sandbox.files().write("/workspace/file", content("kept"));
        Execution ended = sandbox.start(ExecutionId.next(), shell("echo done; exit 3"));
        ended.follow(Execution.OutputListener.NONE);
        Execution cut = sandbox.start(ExecutionId.next(), shell("echo begun; sleep 40"));
        await(() -> cut.result().stdout().equals("begun\n"));

        runtime.stop(id);

        assertThat(sandbox.isAlive()).isFalse();
        assertThat(runtime.find(id, spec())).isEmpty();
        assertThat(recorded(ended).exitCode()).isEqualTo(OptionalInt.of(3));
        assertThat(recorded(cut).status()).isEqualTo(ExecutionStatus.INTERRUPTED);
        assertThat(recorded(cut).exitCode()).isEmpty();
        assertThat(recorded(cut).stdout()).isEqualTo("begun\n");
        assertThat(runtime.remains()).contains(id);
    }

    @Test
    void stoppingEndsTheFollowing() throws Exception {
        Execution execution = sandbox.start(ExecutionId.next(), shell("echo begun; sleep 40"));
        var begun = new CompletableFuture<String>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<ExecutionResult> result =
                    threads.submit(() -> execution.follow((stream, text) -> begun.complete(text)));
            begun.get(20, TimeUnit.SECONDS);

            runtime.stop(id);

            assertThat(result.get(20, TimeUnit.SECONDS).status())
                    .isEqualTo(ExecutionStatus.INTERRUPTED);
        }
    }

    @Test
    void stoppedSandboxRefusesUntilItIsStartedAgain() throws Exception {
        sandbox.files().write("/workspace/file", content("kept"));
        runtime.stop(id);
        runtime.stop(id);

        assertCode(
                ErrorCode.SANDBOX_NOT_RUNNING,
                () -> sandbox.start(ExecutionId.next(), shell("true")));
        assertCode(ErrorCode.SANDBOX_NOT_RUNNING, () -> sandbox.files().stat("/workspace"));
        sandbox = runtime.start(id, spec());

        assertThat(sandbox.isAlive()).isTrue();
        assertThat(read("/workspace/file")).isEqualTo("kept");
        assertThat(run("cat file; echo $OF_SANDBOX").stdout()).isEqualTo("kepta\n");
    }

    @Test
    void executionOfAnEarlierStartIsNotStartedAgain() throws Exception {
        Execution cut = sandbox.start(ExecutionId.next(), shell("echo once >> log; sleep 40"));
        await(() -> run("cat log").stdout().equals("once\n"));
        runtime.stop(id);
        sandbox = runtime.start(id, spec());

        Execution again = sandbox.start(cut.id(), shell("echo once >> log; sleep 40"));

        assertThat(again.result().status()).isEqualTo(ExecutionStatus.INTERRUPTED);
        assertThat(read("/workspace/log")).isEqualTo("once\n");
    }

    @Test
    void anotherRuntimeFindsTheSandboxAndItsCommands() throws Exception {
        Execution before =
                sandbox.start(
                        ExecutionId.next(),
                        shell("echo begun; while [ ! -e go ]; do sleep 0.02; done; echo ended"));
        await(() -> before.result().stdout().equals("begun\n"));

        runtime.close();
        runtime = openRuntime();
        sandbox = runtime.find(id, spec()).orElseThrow();

        assertThat(sandbox.isAlive()).isTrue();
        Execution after = runtime.execution(id, before.id()).orElseThrow();
        assertThat(after.result().status()).isEqualTo(ExecutionStatus.RUNNING);
        sandbox.files().write("/workspace/go", content(""));
        var heard = new Heard();
        ExecutionResult result = after.follow(heard);
        assertThat(result.status()).isEqualTo(ExecutionStatus.COMPLETED);
        assertThat(result.exitCode()).isEqualTo(OptionalInt.of(0));
        assertThat(heard.stdout.toString()).isEqualTo("begun\nended\n");
        assertThat(run("echo works").stdout()).isEqualTo("works\n");
    }

    @Test
    void findIsEmptyForWhatNeverWas() {
        assertThat(runtime.find(SandboxId.next(), spec())).isEmpty();
    }

    @Test
    void destroyLeavesNothingAndMayRepeat() throws Exception {
        Execution execution = sandbox.start(ExecutionId.next(), shell("sleep 40"));

        runtime.destroy(id);
        runtime.destroy(id);
        runtime.destroy(SandboxId.next());

        assertThat(sandbox.isAlive()).isFalse();
        assertThat(runtime.remains()).doesNotContain(id);
        assertThat(runtime.find(id, spec())).isEmpty();
        assertThat(runtime.execution(id, execution.id())).isEmpty();
    }

    @Test
    void sandboxesDoNotSeeEachOthersFiles() throws Exception {
        SandboxId other = newId();
        RunningSandbox second = runtime.create(other, spec());
        sandbox.files().write("/workspace/mine", content("x"));

        assertThat(second.files().list("/workspace", false, 10)).isEmpty();
        runtime.destroy(other);

        assertThat(read("/workspace/mine")).isEqualTo("x");
        assertThat(runtime.remains()).contains(id).doesNotContain(other);
    }

    protected final RunningSandbox sandbox() {
        return sandbox;
    }

    protected final ExecutionResult run(String line) throws InterruptedException {
        return run(shell(line));
    }

    protected final ExecutionResult run(ExecutionRequest request) throws InterruptedException {
        return sandbox.start(ExecutionId.next(), request).follow(Execution.OutputListener.NONE);
    }

    private SandboxId newId() {
        SandboxId next = SandboxId.next();
        made.add(next);
        return next;
    }

    private static SandboxSpec spec() {
        SandboxSpec defaults = SandboxSpec.defaults();
        return new SandboxSpec(
                Optional.empty(),
                defaults.image(),
                defaults.isolation(),
                defaults.resources(),
                NetworkPolicy.OFF,
                Map.of("OF_SANDBOX", "a", "BOTH", "sandbox"),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static ExecutionRequest shell(String line) {
        return ExecutionRequest.shell(line, "/workspace");
    }

    private static ExecutionRequest request(List<String> command) {
        return new ExecutionRequest(
                command, "/workspace", Map.of(), "", LONG, ExecutionRequest.OUTPUT_BYTES_DEFAULT);
    }

    private static ExecutionRequest withStdin(String line, String stdin) {
        return new ExecutionRequest(
                List.of("/bin/sh", "-c", line),
                "/workspace",
                Map.of(),
                stdin,
                LONG,
                ExecutionRequest.OUTPUT_BYTES_DEFAULT);
    }

    private static ExecutionRequest limited(String line, long outputBytes, Duration timeout) {
        return new ExecutionRequest(
                List.of("/bin/sh", "-c", line), "/workspace", Map.of(), "", timeout, outputBytes);
    }

    private ExecutionResult recorded(Execution execution) {
        return runtime.execution(id, execution.id()).orElseThrow().result();
    }

    private String read(String path) throws IOException {
        try (InputStream input = sandbox.files().read(path, 0)) {
            return new String(input.readAllBytes(), UTF_8);
        }
    }

    private List<String> paths(String path, boolean recursive, int limit) {
        return sandbox.files().list(path, recursive, limit).stream().map(FileStat::path).toList();
    }

    private static InputStream content(String text) {
        return new ByteArrayInputStream(text.getBytes(UTF_8));
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    /// Something that a real process brings about soon.
    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /// Collects what a follower is told.
    private static final class Heard implements Execution.OutputListener {
        private final StringBuffer stdout = new StringBuffer();
        private final StringBuffer stderr = new StringBuffer();

        @Override
        public void output(Execution.Stream stream, String text) {
            (stream == Execution.Stream.STDOUT ? stdout : stderr).append(text);
        }
    }
}
