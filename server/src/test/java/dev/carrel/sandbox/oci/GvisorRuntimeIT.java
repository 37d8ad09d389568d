package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.ExecutionStatus;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What only gVisor on a real kernel can show: its walls, its limits, and what is left behind.
class GvisorRuntimeIT extends HostFixture {
    private static final Resources SMALL = new Resources(1, 128, 64, 40);

    @BeforeAll
    static void requireGvisor() {
        TestHost.requireGvisor();
    }

    @Override
    Isolation isolation() {
        return Isolation.GVISOR;
    }

    @Test
    void whatTheHostCannotCountIsNotCountedAsNothing() {
        SandboxId id = SandboxId.next();
        runtime.create(id, spec(NetworkPolicy.OFF, Resources.DEFAULT));

        assertThat(runtime.usage(id).listening()).isEmpty();
        assertThat(runtime.usage(id).processes()).isEmpty();
    }

    @Test
    void theKernelIsGvisorsAndTheToolsWork() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, Resources.DEFAULT);

        assertThat(run(sandbox, "cat /proc/version").stdout())
                .isNotEqualTo(Files.readString(Path.of("/proc/version")));
        ExecutionResult result =
                run(
                        sandbox,
                        """
                        set -e
                        git init -q . && git status --short
                        ln -s a b && ls -la >/dev/null
                        echo 'def test(): assert 1' > test_x.py && python -m pytest -q test_x.py
                        rg --version && jq --version
                        su -s /bin/sh -c id nobody
                        """);
        assertThat(result.exitCode()).as(result.stdout() + result.stderr()).hasValue(0);
    }

    @Test
    void nobodyInsideReachesPidOneOrItsDirectory() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, SMALL);

        for (String attempt :
                List.of(
                        "mount -t tmpfs none /mnt",
                        "python3 -c 'import ctypes; l = ctypes.CDLL(None);"
                                + " exit(l.mount(b\"p\", b\"/mnt\", b\"proc\", 0, None) != 0)'",
                        "python3 -c 'import ctypes; l = ctypes.CDLL(None);"
                                + " exit(l.umount2(b\"/proc/1\", 2) != 0)'",
                        "unshare -r true",
                        "unshare -m true",
                        "unshare -p --fork true",
                        "ls /proc/1/fd",
                        "cat /proc/1/environ",
                        "ls /dev/carrel-run",
                        "ls /dev/carrel-door",
                        "kill -9 1",
                        "kill -TERM 1",
                        "bash -c 'kill -9 1'")) {
            assertThat(run(sandbox, attempt).exitCode().orElseThrow()).as(attempt).isNotZero();
        }
        assertThat(run(sandbox, "ls -A /proc/1").stdout()).isEmpty();
        assertThat(run(sandbox, "grep -c carrel-run /proc/mounts").stdout()).isEqualTo("0\n");
        run(sandbox, "ln -s /dev /workspace/dev");
        for (String path : List.of("/dev", "/workspace/dev/")) {
            assertThat(sandbox.files().list(path, false, 10))
                    .as(path)
                    .allMatch(entry -> entry.path().endsWith("/carrel-door"));
        }
        // The way to the server is there for the gofer, and nobody can take it away.
        for (String path : List.of("/dev/carrel-door/ctl", "/dev/carrel-door")) {
            assertThatThrownBy(() -> sandbox.files().delete(path))
                    .as(path)
                    .isInstanceOf(CarrelException.class);
        }
        assertThat(run(sandbox, "ls -d /dev/carrel-door").exitCode().orElseThrow()).isNotZero();
        assertThat(sandbox.files().list("/tmp", false, 100))
                .noneMatch(entry -> entry.path().contains("carrel"));
        assertThat(sandbox.isAlive()).isTrue();
    }

    @Test
    void forkBombIsHeldInside() throws Exception {
        // gVisor takes some of the memory for each process.
        RunningSandbox sandbox = create(NetworkPolicy.OFF, new Resources(1, 512, 64, 40));
        String forks =
                """
                import os, time
                made = 0
                try:
                    while made < 100:
                        if os.fork() == 0: time.sleep(20); os._exit(0)
                        made += 1
                except OSError as e:
                    print(made < 100, e.errno)
                """;

        ExecutionResult result = run(sandbox, "python3 - <<'END'\n" + forks + "END");

        assertThat(result.stdout()).isEqualTo("True 11\n");
        assertThat(sandbox.isAlive()).isTrue();
    }

    @Test
    void outOfMemoryEndsTheSandboxAndNoOther() throws Exception {
        SandboxId id = SandboxId.next();
        SandboxSpec spec = spec(NetworkPolicy.OFF, SMALL);
        RunningSandbox sandbox = runtime.create(id, spec);
        RunningSandbox neighbour = create(NetworkPolicy.OFF, SMALL);
        run(sandbox, "echo kept > file");

        ExecutionResult hog = run(sandbox, "python3 -c 'x = bytearray(600 << 20)'");

        assertThat(hog.exitCode()).isEmpty();
        assertThat(hog.status()).isEqualTo(ExecutionStatus.OUT_OF_MEMORY);
        Eventually.holds(() -> !sandbox.isAlive());
        assertThat(run(neighbour, "echo alive").stdout()).isEqualTo("alive\n");
        RunningSandbox again = runtime.start(id, spec);
        assertThat(run(again, "cat file").stdout()).isEqualTo("kept\n");
        assertThat(runtime.execution(id, hog.id()).orElseThrow().result().status())
                .isEqualTo(ExecutionStatus.OUT_OF_MEMORY);
    }

    @Test
    void outOfMemoryIsToldToTheNextServer() throws Exception {
        SandboxId id = SandboxId.next();
        SandboxSpec spec = spec(NetworkPolicy.OFF, SMALL);
        RunningSandbox sandbox = runtime.create(id, spec);
        Execution hog =
                sandbox.start(
                        ExecutionId.next(),
                        ExecutionRequest.shell(
                                "while [ ! -e go ]; do sleep 0.05; done;"
                                        + " python3 -c 'x = bytearray(600 << 20)'",
                                "/workspace"));
        SandboxFolder folder = folder(id);
        long process = Long.parseLong(Files.readString(folder.pid()).strip());
        try (var input = new java.io.ByteArrayInputStream(new byte[0])) {
            sandbox.files().write("/workspace/go", input);
        }
        runtime.close();
        Eventually.holds(() -> ProcessHandle.of(process).isEmpty());

        runtime = host.open();

        assertThat(runtime.find(id, spec)).isEmpty();
        assertThat(runtime.execution(id, hog.id()).orElseThrow().result().status())
                .isEqualTo(ExecutionStatus.OUT_OF_MEMORY);
    }

    @Test
    void fullDiskIsFeltInsideAndTheSandboxStartsAgain() throws Exception {
        SandboxId id = SandboxId.next();
        SandboxSpec spec = spec(NetworkPolicy.OFF, SMALL);
        RunningSandbox sandbox = runtime.create(id, spec);

        ExecutionResult full = run(sandbox, "head -c 200M /dev/urandom > big; r=$?; sync; exit $r");

        assertThat(full.exitCode().orElseThrow()).isNotZero();
        runtime.stop(id);
        RunningSandbox again = runtime.start(id, spec);
        assertThat(run(again, "rm big && sync && echo x > small && cat small").stdout())
                .isEqualTo("x\n");
    }

    @Test
    void changedLimitsLeaveGvisorItsRoom() throws Exception {
        SandboxId id = SandboxId.next();
        RunningSandbox sandbox = runtime.create(id, spec(NetworkPolicy.OFF, SMALL));

        runtime.resize(id, new Resources(1, 256, 64, 40));

        ControlGroups groups = ControlGroups.of(Instance.of(host.home()).controlGroup());
        assertThat(Files.readString(groups.file(id, "pids.max").orElseThrow()).strip())
                .isEqualTo(Integer.toString(1024 + 8 * 40));
        assertThat(run(sandbox, "echo on").stdout()).isEqualTo("on\n");
    }

    @Test
    void networkComesAtTheStartAndGoesAtAnyTime() throws Exception {
        SandboxId id = SandboxId.next();
        RunningSandbox off = runtime.create(id, spec(NetworkPolicy.OFF, SMALL));
        assertThatThrownBy(() -> off.change(NetworkPolicy.ON))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_SUPPORTED));
        runtime.stop(id);

        RunningSandbox on = runtime.start(id, spec(NetworkPolicy.ON, SMALL));
        on.change(NetworkPolicy.ON);
        assertThat(hello(on, address(on))).isEqualTo("hello");
        on.change(NetworkPolicy.OFF);
        assertThat(run(on, "echo alive").stdout()).isEqualTo("alive\n");
    }

    @Test
    void networkReachesTheBridgeAndNotTheHost() throws Exception {
        SandboxId id = SandboxId.next();
        RunningSandbox on = runtime.create(id, spec(NetworkPolicy.ON, SMALL));
        String connect = "timeout 2 bash -c 'echo > /dev/tcp/%s/8098' 2>&1";
        try (var onHost = new ServerSocket(8098, 10, InetAddress.getByName("0.0.0.0"))) {
            assertThat(onHost.isBound()).isTrue();
            String own = TestHost.out("hostname", "-I").split(" ")[0];
            for (String address : List.of("127.0.0.1", own, "169.254.169.254", "10.1.2.3")) {
                assertThat(run(on, connect.formatted(address)).exitCode().orElseThrow())
                        .as(address)
                        .isNotZero();
            }
        }
        assertThat(run(on, "cat /etc/resolv.conf").stdout()).contains("nameserver ");
        assertThat(run(on, "cat /proc/net/dev").stdout()).contains("eth0", "lo");
        assertThat(run(on, "cat /proc/net/if_inet6").stdout()).doesNotContain("eth0");
        assertThat(hello(on, address(on))).isEqualTo("hello");
    }

    // From the host, by the bridge.
    private static String hello(RunningSandbox sandbox, String address) throws Exception {
        String server =
                "import socket; s = socket.create_server((\"0.0.0.0\", 8097));"
                        + " print(\"up\", flush=True); c, _ = s.accept(); c.sendall(b\"hello\")";
        Execution serving =
                sandbox.start(
                        ExecutionId.next(),
                        ExecutionRequest.shell("python3 -c '" + server + "'", "/workspace"));
        Eventually.holds(() -> serving.result().stdout().equals("up\n"));
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, 8097), 5000);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String address(RunningSandbox sandbox) throws Exception {
        String script =
                "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                        + " s.connect(('192.0.2.1', 9)); print(s.getsockname()[0])";
        return run(sandbox, "python3 -c \"" + script + "\"").stdout().strip();
    }

    @Test
    void sandboxThatDiedIsClearedWhenItIsLookedFor() throws Exception {
        SandboxId id = SandboxId.next();
        SandboxSpec spec = spec(NetworkPolicy.ON, SMALL);
        RunningSandbox sandbox = runtime.create(id, spec);
        run(sandbox, "echo kept > file");
        SandboxFolder folder = folder(id);
        HostCommand.of("kill", "-9", Files.readString(folder.pid()).strip()).run().orFail();
        Eventually.holds(() -> !sandbox.isAlive());

        assertThat(runtime.find(id, spec)).isEmpty();
        assertThat(folder.bundle()).doesNotExist();
        RunningSandbox again = runtime.start(id, spec);
        assertThat(run(again, "cat file").stdout()).isEqualTo("kept\n");
    }
}
