package dev.carrel.sandbox.oci;

import static dev.carrel.sandbox.oci.InitProcess.DEADLINE;
import static dev.carrel.sandbox.oci.InitProcess.await;
import static dev.carrel.sandbox.oci.InitProcess.request;
import static dev.carrel.sandbox.oci.InitProcess.shell;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.Execution.OutputListener;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.ExecutionStatus;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CarrelInitIT {
    @TempDir Path folder;
    private InitProcess init;
    private InitClient client;

    @BeforeEach
    void start() throws IOException {
        init = InitProcess.start(folder);
        client = init.connect();
    }

    @AfterEach
    void stop() {
        client.close();
        init.close();
    }

    private ExecutionResult run(String line) throws InterruptedException {
        return shell(client, line).follow(OutputListener.NONE);
    }

    private ExecutionResult run(ExecutionRequest request) throws InterruptedException {
        return InitProcess.start(client, ExecutionId.next(), request).follow(OutputListener.NONE);
    }

    private void runsCommands() throws InterruptedException {
        assertThat(run("echo fine").stdout()).isEqualTo("fine\n");
    }

    @Test
    void outputAndExitCodeAreRecorded() throws Exception {
        var result = run("echo out; echo err >&2; exit 3");
        assertThat(result.status()).isEqualTo(ExecutionStatus.COMPLETED);
        assertThat(result.exitCode()).hasValue(3);
        assertThat(result.stdout()).isEqualTo("out\n");
        assertThat(result.stderr()).isEqualTo("err\n");
        assertThat(result.truncated()).isFalse();
        assertThat(init.text(result.id(), ".exit")).startsWith("1 768 0 4 4 4 4 ");
        assertThat(result.duration()).isBetween(Duration.ofNanos(1), DEADLINE);
    }

    @Test
    void standardInputIsGivenWholeOrIsEmpty() throws Exception {
        String text = "línea\n".repeat(100_000);
        var request =
                new ExecutionRequest(
                        List.of("sh", "-c", "wc -c; readlink /proc/self/fd/0"),
                        "/tmp",
                        Map.of(),
                        text,
                        DEADLINE,
                        1000);
        assertThat(run(request).stdout()).startsWith("700000\n").doesNotContain("run");
        assertThat(run("wc -c; readlink /proc/self/fd/0").stdout()).isEqualTo("0\n/dev/null\n");
    }

    @Test
    void whatCannotBeExecutedSaysWhyLikeAShell() throws Exception {
        var missing = run(request(DEADLINE, 1000, "no-such-program"));
        assertThat(missing.exitCode()).hasValue(127);
        assertThat(missing.stderr())
                .isEqualTo("carrel: no-such-program: No such file or directory\n");
        var forbidden = run(request(DEADLINE, 1000, "/etc/passwd"));
        assertThat(forbidden.exitCode()).hasValue(126);
        assertThat(forbidden.stderr()).isEqualTo("carrel: /etc/passwd: Permission denied\n");
        var nowhere =
                run(
                        new ExecutionRequest(
                                List.of("true"), "/no/such", Map.of(), "", DEADLINE, 1000));
        assertThat(nowhere.exitCode()).hasValue(126);
        assertThat(nowhere.stderr()).isEqualTo("carrel: /no/such: No such file or directory\n");
    }

    @Test
    void aGigabyteOfOutputIsReadAndDropped() throws Exception {
        var bytes = new AtomicInteger();
        var execution =
                InitProcess.start(
                        client,
                        ExecutionId.next(),
                        request(DEADLINE, 100_000, "sh", "-c", "head -c 1G /dev/zero; echo e >&2"));
        var result = execution.follow((stream, text) -> bytes.addAndGet(text.length()));
        assertThat(result.exitCode()).hasValue(0);
        assertThat(result.truncated()).isTrue();
        assertThat(result.stdout()).hasSize(100_000);
        assertThat(result.stderr()).isEqualTo("e\n");
        assertThat(bytes).hasValue(100_002);
        assertThat(Files.size(init.run.path().resolve(execution.id() + ".out"))).isEqualTo(100_000);
        assertThat(init.text(execution.id(), ".exit")).contains(" 100000 2 1073741824 2 ");
    }

    @Test
    void aTimeoutKillsTheGroupWithItsGrandchildren() throws Exception {
        String script = "sh -c 'sleep 1234.5 & sleep 1234.5' & sleep 1234.5";
        var result = run(request(Duration.ofMillis(300), 1000, "sh", "-c", script));
        assertThat(result.status()).isEqualTo(ExecutionStatus.TIMED_OUT);
        assertThat(result.exitCode()).hasValue(137);
        assertThat(result.duration()).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        assertThat(run("cat /proc/[0-9]*/cmdline | tr -c '0-9.' x").stdout())
                .doesNotContain("1234.5");
    }

    @Test
    void aTimeoutNeedsNoServer() throws Exception {
        var execution =
                InitProcess.start(
                        client,
                        ExecutionId.next(),
                        request(Duration.ofMillis(200), 1000, "sleep", "100"));
        client.close();
        Path exit = init.run.path().resolve(execution.id() + ".exit");
        await(() -> Files.exists(exit));
        client = init.connect();
        assertThat(client.find(execution.id()).orElseThrow().result().status())
                .isEqualTo(ExecutionStatus.TIMED_OUT);
    }

    @Test
    void aCommandThatEndsByItselfInTimeIsNotTimedOut() throws Exception {
        var result = run(request(Duration.ofHours(24), 1000, "sh", "-c", "kill -KILL $$"));
        assertThat(result.status()).isEqualTo(ExecutionStatus.KILLED);
        assertThat(result.exitCode()).hasValue(137);
    }

    @Test
    void theSameIdStartsOnceHoweverOftenItIsAsked() throws Exception {
        var id = ExecutionId.next();
        Path file = Files.createFile(folder.resolve("lines"));
        Files.setAttribute(file, "unix:mode", 0666);
        var request = ExecutionRequest.shell("echo line >> " + file + "; sleep 0.2", "/");
        var threads = new ArrayList<Thread>();
        var results = new ArrayList<ExecutionResult>();
        for (int i = 0; i < 8; i++) {
            threads.add(
                    Thread.startVirtualThread(() -> {
                        var execution = InitProcess.start(client, id, request);
                        try {
                            var result = execution.follow(OutputListener.NONE);
                            synchronized (results) {
                                results.add(result);
                            }
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    }));
        }
        for (var thread : threads) {
            assertThat(thread.join(DEADLINE)).isTrue();
        }
        client.close();
        client = init.connect();
        results.add(InitProcess.start(client, id, request).follow(OutputListener.NONE));
        assertThat(results).hasSize(9);
        assertThat(results).allMatch(result -> result.status() == ExecutionStatus.COMPLETED);
        assertThat(Files.readAllLines(file)).containsExactly("line");
    }

    @Test
    void anExecutionOutlivesTheServerAndIsTakenUpAgain() throws Exception {
        var execution = shell(client, "echo before; read x < " + fifo() + "; echo after $x");
        await(() -> execution.result().stdout().equals("before\n"));
        client.close();
        client = init.connect();
        var again = client.find(execution.id()).orElseThrow();
        assertThat(again.result().status()).isEqualTo(ExecutionStatus.RUNNING);
        var chunks = new ArrayList<String>();
        Files.writeString(folder.resolve("fifo"), "dawn\n");
        var result = again.follow((stream, text) -> chunks.add(text));
        assertThat(String.join("", chunks)).isEqualTo("before\nafter dawn\n");
        assertThat(result.stdout()).isEqualTo("before\nafter dawn\n");
        assertThat(result.exitCode()).hasValue(0);
    }

    private Path fifo() throws IOException, InterruptedException {
        Path fifo = folder.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", "-m", "666", fifo.toString()).start().waitFor())
                .isZero();
        return fifo;
    }

    @Test
    void followersOfAClosingServerAreToldToAskAgain() throws Exception {
        var execution = shell(client, "sleep 100");
        client.close();
        assertThatThrownBy(() -> execution.follow(OutputListener.NONE))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE));
    }

    @Test
    void aBackgroundChildKeepsItsPipesAfterTheCommandEnds() throws Exception {
        Path done = Files.createDirectory(folder.resolve("open")).resolve("done");
        Files.setAttribute(done.getParent(), "unix:mode", 0777);
        Path fifo = fifo();
        var result =
                run(
                        "(read x < %s; head -c 200000 /dev/zero && touch %s) & echo now"
                                .formatted(fifo, done));
        assertThat(result.stdout()).isEqualTo("now\n");
        assertThat(result.status()).isEqualTo(ExecutionStatus.COMPLETED);
        Files.writeString(fifo, "go\n");
        await(() -> Files.exists(done));
        assertThat(Files.size(init.run.path().resolve(result.id() + ".out"))).isEqualTo(4);
        assertThat(client.find(result.id()).orElseThrow().result().stdout()).isEqualTo("now\n");
    }

    @Test
    void outputStreamsWhileTheCommandRunsInWholeCharacters() throws Exception {
        Path fifo = fifo();
        var chunks = new ArrayList<String>();
        var execution =
                shell(
                        client,
                        "printf 'gr\\303'; read x < %s; printf '\\274n\\377'".formatted(fifo));
        var result =
                execution.follow((stream, text) -> {
                    chunks.add(text);
                    if (text.equals("gr")) {
                        write(fifo);
                    }
                });
        assertThat(chunks).startsWith("gr").contains("ün\uFFFD");
        assertThat(result.stdout()).isEqualTo("grün\uFFFD");
    }

    private static void write(Path fifo) {
        try {
            Files.writeString(fifo, "go\n");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void manyRunAtOnceAndOneTooManyIsRefused() throws Exception {
        List<Execution> running = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            running.add(
                    InitProcess.start(
                            client, ExecutionId.next(), request(DEADLINE, 10, "sleep", "99")));
        }
        var tooMany = ExecutionId.next();
        assertThatThrownBy(() -> InitProcess.start(client, tooMany, request(DEADLINE, 10, "true")))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.TOO_MANY_EXECUTIONS));
        assertThat(client.find(tooMany)).isEmpty();
        running.forEach(Execution::kill);
        for (var execution : running) {
            var result = execution.follow(OutputListener.NONE);
            assertThat(result.status()).isEqualTo(ExecutionStatus.KILLED);
        }
        assertThat(
                        InitProcess.start(client, tooMany, request(DEADLINE, 10, "echo"))
                                .follow(OutputListener.NONE)
                                .stdout())
                .isEqualTo("\n");
    }

    @Test
    void twoHundredCommandsInParallelAllGiveTheirOwnOutput() throws Exception {
        var failures = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int t = 0; t < 8; t++) {
            int thread = t;
            threads.add(
                    Thread.startVirtualThread(() -> {
                        for (int i = 0; i < 25; i++) {
                            String text = thread + "-" + i;
                            try {
                                if (!run("echo " + text).stdout().equals(text + "\n")) {
                                    failures.incrementAndGet();
                                }
                            } catch (Exception e) {
                                failures.incrementAndGet();
                            }
                        }
                    }));
        }
        for (var thread : threads) {
            assertThat(thread.join(DEADLINE)).isTrue();
        }
        assertThat(failures).hasValue(0);
    }

    @Test
    void aForkBombMeetsItsLimitAndKillAllRecovers() throws Exception {
        var bomb =
                InitProcess.start(
                        client,
                        ExecutionId.next(),
                        request(DEADLINE, 1000, "sh", "-c", "f() { f & f & wait; }; f"));
        await(() -> {
            try {
                run("true");
                return false;
            } catch (CarrelException e) {
                return e.code() == ErrorCode.TOO_MANY_EXECUTIONS;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        client.killAll();
        // The shell may have given up before it was killed, with whatever exit code.
        assertThat(bomb.follow(OutputListener.NONE).exitCode()).isPresent();
        await(() -> {
            try {
                return run("echo ok").stdout().equals("ok\n");
            } catch (CarrelException e) {
                return false;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void childrenInheritNothingOfPid1() throws Exception {
        var result =
                run(
                        "ls /proc/self/fd | wc -l; umask; ulimit -n; ulimit -Hn;"
                                + " grep -E 'SigBlk|SigIgn' /proc/self/status | cut -f2;"
                                + " cut -d' ' -f4,5,6 /proc/$$/stat; echo 1 $$ $$;"
                                + " ls /proc/1/fd/ /proc/1/fd/3/ /proc/1/root/ 2>&1 | grep -v denied;"
                                + " cat /proc/1/environ /proc/1/maps 2>&1 | grep -v denied");
        String[] lines = result.stdout().split("\n");
        // Standard streams and the directory that ls itself lists.
        assertThat(lines).startsWith("4", "0022", "1024", "8192", "0000000000000000").hasSize(8);
        // Without the two that belong to the C library.
        assertThat(Long.parseLong(lines[5], 16) & ~0x1_8000_0000L).isZero();
        assertThat(lines[6]).isEqualTo(lines[7]);
    }

    @Test
    void nobodyInsideCanEndPid1() throws Exception {
        // The same user, so that only pid 1's own care protects it.
        assertThat(run("kill -TERM 1; kill -KILL 1; kill -STOP 1; echo tried").stdout())
                .isEqualTo("tried\n");
        runsCommands();
        assertThat(init.isAlive()).isTrue();
    }

    @Test
    void aTermSignalFromOutsideEndsEverything() throws Exception {
        var running = shell(client, "sleep 100");
        Linux.kill((int) init.pid(), 15);
        await(() -> !init.isAlive());
        assertThat(running.follow(OutputListener.NONE).status())
                .isEqualTo(ExecutionStatus.INTERRUPTED);
    }

    @Test
    void aRunningExecutionIsInterruptedWhenTheSandboxDies() throws Exception {
        client.close();
        var deaths = new AtomicInteger();
        client = init.connect(deaths::incrementAndGet);
        var done = run("echo done");
        var running = shell(client, "echo partial; sleep 100");
        await(() -> running.result().stdout().equals("partial\n"));
        init.kill();
        var result = running.follow(OutputListener.NONE);
        assertThat(result.status()).isEqualTo(ExecutionStatus.INTERRUPTED);
        assertThat(result.exitCode()).isEmpty();
        assertThat(result.stdout()).isEqualTo("partial\n");
        await(() -> !client.isAlive() && deaths.get() == 1);
        assertThatThrownBy(() -> run("true"))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.SANDBOX_NOT_RUNNING));
        assertThat(RecordedExecution.find(init.run, done.id()).orElseThrow().result())
                .isEqualTo(done);
        assertThat(RecordedExecution.find(init.run, running.id()).orElseThrow().result())
                .isEqualTo(result);
        assertThat(RecordedExecution.find(init.run, ExecutionId.next())).isEmpty();
    }

    @Test
    void aNewRunOfTheSandboxKnowsTheOldExecutions() throws Exception {
        var done = run("echo done");
        var cutShort = shell(client, "sleep 100");
        init.kill();
        client.close();
        init = InitProcess.start(folder);
        client = init.connect();
        assertThat(client.find(done.id()).orElseThrow().result()).isEqualTo(done);
        assertThat(client.find(cutShort.id()).orElseThrow().result().status())
                .isEqualTo(ExecutionStatus.INTERRUPTED);
        assertThat(
                        InitProcess.start(
                                        client,
                                        cutShort.id(),
                                        ExecutionRequest.shell("echo again", "/"))
                                .follow(OutputListener.NONE)
                                .status())
                .isEqualTo(ExecutionStatus.INTERRUPTED);
        runsCommands();
    }

    @Test
    void aCommandThatFailedWhileMemoryRanOutIsOutOfMemory() throws Exception {
        var execution = shell(client, "read x < " + fifo() + "; exit 1");
        init.oomKills.incrementAndGet();
        Files.writeString(folder.resolve("fifo"), "go\n");
        var result = execution.follow(OutputListener.NONE);
        assertThat(result.status()).isEqualTo(ExecutionStatus.OUT_OF_MEMORY);
        assertThat(run("exit 1").status()).isEqualTo(ExecutionStatus.COMPLETED);
        client.close();
        init.oomKills.set(99);
        client = init.connect();
        assertThat(client.find(result.id()).orElseThrow().result()).isEqualTo(result);
    }

    @Test
    void hostileFramesCostTheirConnectionOnly() throws Exception {
        var huge = ByteBuffer.allocate(8).putInt(Integer.MAX_VALUE).putInt(0).flip();
        var negative = ByteBuffer.allocate(8).putInt(-1).putInt(0).flip();
        var empty = ByteBuffer.allocate(4).putInt(0).flip();
        var unknown = ByteBuffer.allocate(5).putInt(1).put((byte) 99).flip();
        var badId = ByteBuffer.wrap("\0\0\0\u0009\u0002\u0006../../\u0009".getBytes("ISO-8859-1"));
        var shortStart = ByteBuffer.wrap("\0\0\0\u0007\u0001\u0005exe_1".getBytes("ISO-8859-1"));
        for (var frame : List.of(huge, negative, empty, unknown, badId, shortStart)) {
            try (SocketChannel socket = init.connectRaw()) {
                socket.write(frame);
                assertClosed(socket);
            }
        }
        for (int count : new int[] {0, 1 << 16, (1 << 16) + 1, -1}) {
            try (SocketChannel socket = init.connectRaw()) {
                socket.write(startFrame(count));
                assertClosed(socket);
            }
        }
        try (SocketChannel half = init.connectRaw()) {
            half.write(ByteBuffer.allocate(6).putInt(100_000).flip().limit(6));
            runsCommands();
        }
        runsCommands();
        assertThat(Files.exists(init.run.path().resolve("exe_x.out"))).isFalse();
    }

    // A START that announces more arguments than it has.
    private static ByteBuffer startFrame(int arguments) {
        var frame = ByteBuffer.allocate(100);
        frame.putInt(0).put((byte) 1).put((byte) 5).put("exe_x".getBytes());
        frame.putLong(1000).putLong(1000).putInt(arguments).putInt(0).put("/\0true\0".getBytes());
        return frame.putInt(0, frame.position() - 4).flip();
    }

    private static void assertClosed(SocketChannel socket) {
        var buffer = ByteBuffer.allocate(1000);
        try {
            while (socket.read(buffer.clear()) >= 0) {
                assertThat(buffer.position()).isLessThan(1000);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @Test
    void aReaderThatNeverReadsHoldsNobodyUp() throws Exception {
        try (SocketChannel deaf = init.connectRaw()) {
            assertThat(deaf.isConnected()).isTrue();
            var result =
                    run(
                            request(
                                    DEADLINE,
                                    10 << 20,
                                    "sh",
                                    "-c",
                                    "i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i+1)); done"));
            assertThat(result.stdout()).startsWith("0\n1\n").endsWith("\n29999\n");
            for (int i = 0; i < 300; i++) {
                runsCommands();
            }
        }
    }

    @Test
    void aBrokenConnectionIsMadeAgainAndNothingIsMissed() throws Exception {
        Path fifo = fifo();
        var execution = shell(client, "read x < %s; echo heard".formatted(fifo));
        List<SocketChannel> crowd = new ArrayList<>();
        // One more than pid 1 keeps drives the oldest out: ours.
        for (int i = 0; i < 8; i++) {
            crowd.add(init.connectRaw());
        }
        assertClosedOneOf(crowd);
        Files.writeString(fifo, "go\n");
        assertThat(execution.follow(OutputListener.NONE).stdout()).isEqualTo("heard\n");
        runsCommands();
        for (var socket : crowd) {
            socket.close();
        }
    }

    // Our client comes back, which drives out the oldest of the crowd in turn.
    private static void assertClosedOneOf(List<SocketChannel> crowd) {
        assertClosed(crowd.getFirst());
    }

    @Test
    void aRunDirectoryWithoutPid1FailsInTime() throws Exception {
        init.kill();
        client.close();
        assertThatThrownBy(() ->
                        InitClient.connect(
                                SandboxId.next(),
                                init.run,
                                InitDoor.calling(init.run),
                                () -> 0,
                                InstantSource.system(),
                                Duration.ofMillis(100),
                                () -> {}))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.SANDBOX_FAILED));
    }

    @Test
    void requestsThatCannotBePassedOnAreRefused() {
        for (var command : List.of(List.of("echo", "a\0b"), List.of("echo", "x".repeat(2 << 20)))) {
            assertThatThrownBy(() -> run(request(DEADLINE, 1, command.toArray(String[]::new))))
                    .isInstanceOfSatisfying(
                            CarrelException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST));
        }
        var badName =
                new ExecutionRequest(List.of("true"), "/", Map.of("A=B", "c"), "", DEADLINE, 1);
        assertThatThrownBy(() -> run(badName))
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.param()).hasValue("env"));
    }
}
