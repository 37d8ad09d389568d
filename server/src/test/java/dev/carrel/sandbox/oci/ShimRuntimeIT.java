package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.ExecutionStatus;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What the contract does not ask of the driver of Kata Containers: limits, network, what it leaves
/// on the host, and what nobody inside may do. With ordinary containers for machines.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ShimRuntimeIT {
    private static final Resources SMALL = new Resources(1, 128, 64, 40);
    private static RuncShim shim;
    private static TestHost host;

    private OciRuntime runtime;

    @BeforeAll
    static void makeHost() throws Exception {
        shim = RuncShim.require();
        host = TestHost.make(shim.program().toString());
    }

    @AfterAll
    static void removeHost() throws Exception {
        if (host != null) {
            host.remove();
            shim.close();
        }
    }

    @BeforeEach
    void open() {
        runtime = host.open();
    }

    @AfterEach
    void destroyAll() {
        runtime.remains().forEach(runtime::destroy);
        assertThat(runtime.remains()).isEmpty();
        runtime.close();
    }

    @Test
    void nobodyInsideReachesPidOneOrItsDirectory() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF);

        for (String attempt :
                List.of(
                        "mount -t tmpfs none /mnt",
                        "umount /dev/shm",
                        "ls /proc/1/fd",
                        "cat /proc/1/environ",
                        "ls /proc/1/root/",
                        "ls /dev/carrel-run")) {
            assertThat(HostFixture.run(sandbox, attempt).exitCode().orElseThrow())
                    .as(attempt)
                    .isNotZero();
        }
        HostFixture.run(sandbox, "kill -9 1; kill -TERM 1");
        assertThat(HostFixture.run(sandbox, "grep -c carrel-run /proc/mounts").stdout())
                .isEqualTo("0\n");
        assertThat(sandbox.files().list("/dev", true, 100))
                .noneMatch(entry -> entry.path().contains("carrel"));
        assertThat(sandbox.isAlive()).isTrue();
    }

    @Test
    void noRelayCanNameTheProcessesOfAnother() throws Exception {
        SandboxId id = SandboxId.next();
        runtime.create(id, spec(NetworkPolicy.OFF));
        String starter = Files.readString(Instance.of(host.home()).sandbox(id).relayPid()).strip();

        String relay =
                Files.readString(Path.of("/proc", starter, "task", starter, "children")).strip();

        assertThat(Files.readString(Path.of("/proc", relay, "comm"))).isEqualTo("carrel-relay\n");
        assertThat(Files.readString(Path.of("/proc", relay, "status")))
                .containsPattern("Uid:\\t65534\t65534\t65534\t65534\n")
                .containsPattern("NSpid:\\t" + relay + "\t1\n");
    }

    @Test
    void commandWithoutMemorySaysSoAndTheSandboxGoesOn() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF);

        ExecutionResult hog =
                HostFixture.run(sandbox, "python3 -c 'x = bytearray(600 << 20)'; echo $?; exit 1");

        assertThat(hog.status()).isEqualTo(ExecutionStatus.OUT_OF_MEMORY);
        assertThat(hog.stdout()).isEqualTo("137\n");
        assertThat(HostFixture.run(sandbox, "exit 1").status())
                .isEqualTo(ExecutionStatus.COMPLETED);
    }

    @Test
    void forkBombIsHeldInside() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF);
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

        ExecutionResult result = HostFixture.run(sandbox, "python3 - <<'END'\n" + forks + "END");

        assertThat(result.stdout()).isEqualTo("True 11\n");
        assertThat(sandbox.isAlive()).isTrue();
    }

    @Test
    void changedLimitsReachTheMachineAndTheHost() throws Exception {
        SandboxId id = SandboxId.next();
        RunningSandbox sandbox = runtime.create(id, spec(NetworkPolicy.OFF));

        runtime.resize(id, new Resources(1, 192, 64, 40));

        assertThat(memoryMib(id, "")).isEqualTo(192 + 256);
        assertThat(memoryMib(id, "inside/")).isEqualTo(192);
        assertThat(HostFixture.run(sandbox, "echo on").stdout()).isEqualTo("on\n");
    }

    private static long memoryMib(SandboxId id, String within) throws Exception {
        ControlGroups groups = ControlGroups.of(Instance.of(host.home()).controlGroup());
        Path file =
                groups.file(id, within + "memory.max")
                        .or(() -> groups.file(id, within + "memory.limit_in_bytes"))
                        .orElseThrow();
        return Long.parseLong(Files.readString(file).strip()) >> 20;
    }

    @Test
    void networkComesAtTheStartAndGoesAtAnyTime() throws Exception {
        SandboxId id = SandboxId.next();
        RunningSandbox off = runtime.create(id, spec(NetworkPolicy.OFF));
        assertThatThrownBy(() -> off.change(NetworkPolicy.ON))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_SUPPORTED));
        assertThat(HostFixture.run(off, "grep -c eth0 /proc/net/dev").stdout()).isEqualTo("0\n");
        runtime.stop(id);

        RunningSandbox on = runtime.start(id, spec(NetworkPolicy.ON));
        on.change(NetworkPolicy.ON);
        assertThat(HostFixture.run(on, "grep -c eth0 /proc/net/dev").stdout()).isEqualTo("1\n");
        assertThat(HostFixture.run(on, "cat /proc/net/if_inet6").stdout()).doesNotContain("eth0");
        assertThat(HostFixture.run(on, "cat /etc/resolv.conf").stdout()).contains("nameserver ");
        assertThat(runtime.usage(id).receivedBytes()).isPresent();
        on.change(NetworkPolicy.OFF);
        assertThat(HostFixture.run(on, "grep -c eth0 /proc/net/dev").stdout()).isEqualTo("0\n");
    }

    @Test
    void killedShimEndsTheSandboxAndLeavesNothing() throws Exception {
        SandboxId id = SandboxId.next();
        SandboxSpec spec = spec(NetworkPolicy.ON);
        RunningSandbox sandbox = runtime.create(id, spec);
        HostFixture.run(sandbox, "echo kept > file");
        SandboxFolder folder = Instance.of(host.home()).sandbox(id);
        ControlGroups groups = ControlGroups.of(Instance.of(host.home()).controlGroup());
        Set<Integer> processes = groups.processes(id);
        HostCommand.of("kill", "-9", Files.readString(folder.pid()).strip()).run().orFail();
        Eventually.holds(() -> !sandbox.isAlive());

        assertThat(runtime.find(id, spec)).isEmpty();

        assertThat(folder.bundle()).doesNotExist();
        assertThat(groups.ids()).isEmpty();
        assertThat(processes).hasSizeGreaterThanOrEqualTo(3);
        for (int process : processes) {
            Eventually.holds(() -> !Files.exists(Path.of("/proc/" + process)));
        }
        RunningSandbox again = runtime.start(id, spec);
        assertThat(HostFixture.run(again, "cat file").stdout()).isEqualTo("kept\n");
    }

    @Test
    void whatTheShimMountsAndWritesIsItsOwn() throws Exception {
        boolean before = Files.exists(Path.of("/run/containerd"));
        create(NetworkPolicy.OFF);

        assertThat(Files.exists(Path.of("/run/containerd"))).isEqualTo(before);
        assertThat(Path.of("/run/carrel")).doesNotExist();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain("rootfs");
    }

    @Test
    void startThatFailsSaysWhyAndLeavesNothing() throws Exception {
        Path broken = shim.folder().resolve("broken");
        Files.writeString(broken, "#!/bin/sh\necho no machine today >&2; exit 3\n");
        Files.setPosixFilePermissions(
                broken, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        TestHost other = TestHost.make(broken.toString());
        try (OciRuntime without = other.open()) {
            assertThatThrownBy(() -> without.create(SandboxId.next(), spec(NetworkPolicy.OFF)))
                    .hasRootCauseMessage(broken + " ended with 3:  no machine today");
            assertThat(without.remains()).isEmpty();
        } finally {
            other.remove();
        }
    }

    private RunningSandbox create(NetworkPolicy network) {
        return runtime.create(SandboxId.next(), spec(network));
    }

    private static SandboxSpec spec(NetworkPolicy network) {
        return TestHost.spec(Isolation.MICROVM, network, SMALL);
    }
}
