package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionStatus;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.SavedMemory;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What of a gVisor sandbox survives on disk, what does not, and what is left when saving or going
/// on breaks off.
class GvisorMemoryIT extends HostFixture {
    private static final Resources SMALL = new Resources(1, 128, 64, 60);

    private final SandboxId id = SandboxId.next();
    private final SandboxSpec spec = spec(NetworkPolicy.ON, SMALL);
    private RunningSandbox sandbox;

    @BeforeAll
    static void requireGvisor() {
        TestHost.requireGvisor();
    }

    @Override
    Isolation isolation() {
        return Isolation.GVISOR;
    }

    @BeforeEach
    void create() {
        sandbox = runtime.create(id, spec);
    }

    @Test
    void listenersConnectionsSocketsAndMemorySurvive() throws Exception {
        Execution server =
                start(
                        """
                        import socket
                        kept = bytes(7) * (4 << 20)
                        inner = socket.create_server(("127.0.0.1", 0))
                        one = socket.create_connection(inner.getsockname())
                        two, _ = inner.accept()
                        named = socket.socket(socket.AF_UNIX); named.bind("/tmp/s"); named.listen()
                        door = socket.create_server(("127.0.0.1", 8095))
                        print("up", flush=True)
                        while True:
                            caller, _ = door.accept()
                            caller.sendall(b"%d\\n" % len(kept)); caller.close()
                        """);
        assertThat(runtime.saveMemory(id, spec)).isEmpty();
        assertThat(Files.exists(folder(id).bundle())).isFalse();

        sandbox = runtime.start(id, spec);

        assertThat(answer(8095)).isEqualTo("29360128\n");
        assertThat(
                        run(
                                        sandbox,
                                        "python3 -c 'import socket;"
                                                + " socket.socket(socket.AF_UNIX).connect(\"/tmp/s\")'")
                                .exitCode())
                .hasValue(0);
        assertThat(runtime.execution(id, server.id()).orElseThrow().isRunning()).isTrue();
    }

    private String answer(int port) throws Exception {
        try (SocketChannel channel = sandbox.connect(port, Duration.ofSeconds(5)).orElseThrow()) {
            var buffer = ByteBuffer.allocate(64);
            while (channel.read(buffer) >= 0) {
                assertThat(buffer.hasRemaining()).isTrue();
            }
            return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void theNetworkIsThereAgain() throws Exception {
        String look = "cat /proc/net/dev | grep -c eth0; grep nameserver /etc/resolv.conf";
        String before = run(sandbox, look).stdout();
        String gateway = before.substring(before.indexOf("nameserver ") + 11).strip();
        String ask =
                """
                python3 - <<'END'
                import socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(3)
                s.connect(("%s", 53))
                s.send(bytes.fromhex("000101000001000000000000096c6f63616c686f73740000010001"))
                print(len(s.recv(512)) > 12)
                END
                """
                        .formatted(gateway);
        assertThat(run(sandbox, ask).stdout()).isEqualTo("True\n");
        assertThat(runtime.saveMemory(id, spec)).isEmpty();

        sandbox = runtime.start(id, spec);

        assertThat(run(sandbox, look).stdout()).isEqualTo(before);
        assertThat(run(sandbox, ask).stdout()).isEqualTo("True\n");
    }

    @Test
    void whatCannotBeSavedRunsOnAndSaysWhy() throws Exception {
        Execution open =
                start(
                        """
                        import os, time
                        f = open("/tmp/f", "w"); os.unlink("/tmp/f")
                        print("up", flush=True)
                        time.sleep(100)
                        """);

        assertThat(runtime.saveMemory(id, spec))
                .hasValue("a process has a file open that was deleted");

        assertThat(runtime.memory(id).lost()).isPresent();
        sandbox = runtime.find(id, spec).orElseThrow();
        assertThat(run(sandbox, "echo on").stdout()).isEqualTo("on\n");
        runtime.execution(id, open.id()).orElseThrow().signal(9);
        Eventually.holds(() -> sandbox.executions().isEmpty());
        assertThat(runtime.saveMemory(id, spec)).isEmpty();
        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.SAVED);
    }

    @Test
    void aServerThatDiesWhileItSavesLeavesARunningSandbox() throws Exception {
        Execution open = start("print('up', flush=True)\nimport time\ntime.sleep(100)");
        runtime.close();
        Path half = pool().resolve(id + ".memory-beside");
        Btrfs.createSubvolume(pool(), half.getFileName().toString());
        runsc("pause");

        runtime = host.open();

        sandbox = runtime.find(id, spec).orElseThrow();
        assertThat(run(sandbox, "echo on").stdout()).isEqualTo("on\n");
        assertThat(half).doesNotExist();
        assertThat(runtime.execution(id, open.id()).orElseThrow().isRunning()).isTrue();
    }

    @Test
    void aServerThatDiesWhenItHasSavedLeavesASavedSandbox() throws Exception {
        Execution open = start("print('up', flush=True)\nimport time\ntime.sleep(100)");
        runtime.close();
        Files.delete(folder(id).door().resolve(RunDirectory.CHANNEL));
        Path whole = pool().resolve(id + ".memory");
        Btrfs.createSubvolume(pool(), whole.getFileName().toString());
        Eventually.holds(() -> checkpoint(whole) == 0);
        Files.writeString(whole.resolve("made-with"), "as by another server");

        runtime = host.open();

        assertThat(runtime.memory(id)).isEqualTo(SavedMemory.SAVED);
        assertThat(runtime.find(id, spec)).isEmpty();
        sandbox = runtime.start(id, spec);
        // It is what this version and network made, or it is not used.
        assertThat(runtime.memory(id).lost())
                .hasValueSatisfying(why -> assertThat(why).contains("same"));
        assertThat(runtime.execution(id, open.id()).orElseThrow().result().status())
                .isEqualTo(ExecutionStatus.INTERRUPTED);
    }

    private int checkpoint(Path to) throws Exception {
        runsc("pause");
        return runsc("checkpoint", "--leave-running", "--image-path", to.toString());
    }

    @Test
    void whatIsSpoiledIsNotUsedAndTheSandboxBoots() throws Exception {
        Execution open = start("print('up', flush=True)\nimport time\ntime.sleep(100)");
        run(sandbox, "echo kept > file");
        assertThat(runtime.saveMemory(id, spec)).isEmpty();
        Files.writeString(pool().resolve(id + ".memory").resolve("checkpoint.img"), "nonsense");

        sandbox = runtime.start(id, spec);

        assertThat(runtime.memory(id).lost()).isPresent();
        assertThat(run(sandbox, "cat file").stdout()).isEqualTo("kept\n");
        assertThat(runtime.execution(id, open.id()).orElseThrow().result().status())
                .isEqualTo(ExecutionStatus.INTERRUPTED);
        assertThat(runtime.saveMemory(id, spec)).isEmpty();
    }

    @Test
    void aServerThatDiesWhileItReadsDoesNotReadTwice() throws Exception {
        assertThat(runtime.saveMemory(id, spec)).isEmpty();
        Path whole = pool().resolve(id + ".memory");
        Files.writeString(folder(id).memoryLost(), "the server ended");
        Files.move(whole, pool().resolve(id + ".memory-beside"));

        openAgain();

        assertThat(runtime.memory(id).lost()).hasValue("the server ended");
        sandbox = runtime.start(id, spec);
        assertThat(run(sandbox, "echo on").stdout()).isEqualTo("on\n");
        assertThat(pool().resolve(id + ".memory-beside")).doesNotExist();
    }

    @Test
    void anotherNetworkIsAnotherStart() throws Exception {
        assertThat(runtime.saveMemory(id, spec)).isEmpty();

        sandbox = runtime.start(id, spec(NetworkPolicy.OFF, SMALL));

        assertThat(runtime.memory(id).lost()).isPresent();
        assertThat(run(sandbox, "cat /proc/net/dev").stdout()).doesNotContain("eth0");
    }

    private Execution start(String python) throws Exception {
        Execution started =
                sandbox.start(
                        ExecutionId.next(),
                        new ExecutionRequest(
                                java.util.List.of("python3", "-c", python),
                                "/workspace",
                                Map.of(),
                                "",
                                Duration.ofSeconds(100),
                                4096));
        Eventually.holds(() -> started.result().stdout().contains("up"));
        return started;
    }

    private int runsc(String command, String... arguments) throws Exception {
        Path state = Instance.of(host.home()).runscState().resolve(id.value());
        var line =
                new java.util.ArrayList<>(java.util.List.of("runsc", "--root", state.toString()));
        line.add(command);
        line.addAll(java.util.List.of(arguments));
        line.add(Runsc.NAME);
        return HostCommand.of(line.toArray(String[]::new)).run().exitCode();
    }

    private static Path pool() {
        return host.home().resolve("pool");
    }
}
