package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import java.net.ServerSocket;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What every [SandboxRuntime] promises. A subclass says how to open one; commands are `/bin/sh`
/// with programs that any root file system has, and name files relative to their working directory.
/// Paths of files are below `/workspace`, which exists. It extends the contracts of snapshots,
/// pauses, files and commands, so that a subclass runs all of them.
public abstract class SandboxRuntimeContract extends SnapshotContract {
    @Test
    void newSandboxIsAliveAndHasAnEmptyWorkspace() {
        assertThat(sandbox.isAlive()).isTrue();
        assertThat(sandbox.files().list("/workspace", false, 10)).isEmpty();
        assertThat(runtime.remains()).contains(id);
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
    void connectionsReachWhatListensInside() throws Exception {
        assertThat(sandbox.connect(freePort(), SHORT)).isEmpty();
        int port = serve("127.0.0.1", "AF_INET");

        for (int i = 0; i < 3; i++) {
            assertThat(answer(port)).isEqualTo("hello");
        }
        runtime.stop(id);

        assertCode(ErrorCode.SANDBOX_NOT_RUNNING, () -> sandbox.connect(port, SHORT));
    }

    @Test
    void connectionsReachServersOnAllAddresses() throws Exception {
        assertThat(answer(serve("0.0.0.0", "AF_INET"))).isEqualTo("hello");
    }

    /// Starts a server that says hello to everybody.
    protected final int serve(String address, String family) throws Exception {
        int port = freePort();
        String program =
                """
                import socket
                s = socket.socket(socket.%s)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("%s", %d)); s.listen()
                print("listening", flush=True)
                while True:
                    c, _ = s.accept(); c.sendall(b"hello"); c.close()
                """
                        .formatted(family, address, port);
        Execution server =
                sandbox.start(ExecutionId.next(), request(List.of("python3", "-c", program)));
        await(() -> {
            ExecutionResult result = server.result();
            assertThat(result.status()).as(result.stderr()).isEqualTo(ExecutionStatus.RUNNING);
            return result.stdout().startsWith("listening");
        });
        return port;
    }

    protected final String answer(int port) throws Exception {
        try (SocketChannel channel = sandbox.connect(port, LONG).orElseThrow()) {
            return new String(Channels.newInputStream(channel).readAllBytes(), UTF_8);
        }
    }

    private static int freePort() throws Exception {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
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
}
