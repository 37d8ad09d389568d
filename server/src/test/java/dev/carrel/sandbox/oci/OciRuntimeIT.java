package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.CommandInput;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.ExecutionStatus;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.OutputKept;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.TerminalSize;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What only containers on a real kernel can show: limits, walls, and what is left behind.
class OciRuntimeIT extends HostFixture {
    private static final Resources SMALL = new Resources(0.5, 128, 64, 40);

    @Test
    void toolsOfTheCodingImageWork() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, Resources.DEFAULT);

        String line =
                """
                set -e
                git init -q . && git status --short
                python -m venv --without-pip v
                echo 'def test(): assert 1' > test_x.py && python -m pytest -q test_x.py
                pip --version && rg --version && jq --version
                su -s /bin/sh -c id nobody
                """;
        ExecutionResult result = run(sandbox, line);
        assertThat(result.exitCode()).as(result.stdout() + result.stderr()).hasValue(0);
    }

    @Test
    void rootInsideIsNobodyOutside() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, SMALL);

        assertThat(run(sandbox, "id -u").stdout()).isEqualTo("0\n");
        for (String escape :
                List.of(
                        "mount -t tmpfs none /mnt",
                        "unshare -r true",
                        "unshare -n true",
                        "mknod /dev/x b 254 0",
                        "echo 1 > /proc/sys/kernel/panic",
                        "cat /proc/1/environ",
                        "ls /proc/1/fd/",
                        "ls /proc/1/root/",
                        "cat /dev/carrel-init",
                        "echo x > /dev/carrel-init",
                        "kill -9 1 && sleep 1 && kill -0 1 && false",
                        "hostname other",
                        "dmesg",
                        "nsenter -t 1 -m true",
                        "python3 -c 'import socket; socket.socket(socket.AF_PACKET)'",
                        "python3 -c 'import socket; socket.socket(38, 5)'")) {
            assertThat(run(sandbox, escape).exitCode().orElseThrow()).as(escape).isNotZero();
        }
        assertThat(sandbox.isAlive()).isTrue();
        assertThat(run(sandbox, "ls -d /.carrel /run/carrel* 2>/dev/null").stdout()).isEmpty();
    }

    @Test
    void memoryLimitKillsTheCommandAndSaysSo() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, SMALL);
        RunningSandbox neighbour = create(NetworkPolicy.OFF, SMALL);

        ExecutionResult hog = run(sandbox, "python3 -c 'x = bytearray(400 << 20)'");

        assertThat(hog.status()).isEqualTo(ExecutionStatus.OUT_OF_MEMORY);
        assertThat(run(sandbox, "echo alive").stdout()).isEqualTo("alive\n");
        assertThat(run(neighbour, "echo alive").stdout()).isEqualTo("alive\n");
    }

    @Test
    void theKernelTakesACommandBeforePid1() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, SMALL);
        assertThat(run(sandbox, "cat /proc/self/oom_score_adj").stdout()).isEqualTo("500\n");
        // Memory that no process has: a kill frees nothing until the file is gone.
        run(sandbox, "head -c 60M /dev/zero > /dev/shm/a; head -c 80M /dev/zero > /dev/mqueue/b");
        run(sandbox, "python3 -c 'x = bytearray(400 << 20)'");

        assertThat(sandbox.isAlive()).isTrue();
        run(sandbox, "rm /dev/shm/a");
        assertThat(run(sandbox, "echo alive").stdout()).isEqualTo("alive\n");
    }

    @Test
    void aCommandRunsAsAUserOfTheSandbox() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, SMALL);
        run(
                sandbox,
                "echo 'dev:x:1234:1234:Dev:/home/dev:/bin/sh' >> /etc/passwd;"
                        + " echo 'dev:x:1234:' >> /etc/group; echo 'extra:x:77:root,dev' >> /etc/group");
        String who =
                "id -u; id -G; echo $HOME $USER; cat /proc/1/comm; touch /root/x 2>/dev/null || echo no";
        ExecutionRequest request = ExecutionRequest.shell(who, "/tmp");

        assertThat(end(sandbox, request.as("dev")).stdout())
                .isEqualTo("1234\n1234 77\n/home/dev dev\ncarrel-init\nno\n");
        assertThat(end(sandbox, request.as("dev:77")).stdout()).startsWith("1234\n77\n");
        assertThat(end(sandbox, request.as("4321")).stdout()).startsWith("4321\n4321\n/ 4321\n");
        for (String nobody : java.util.List.of("nosuch", "dev:nosuch", "99999", "0x0")) {
            assertThatThrownBy(() -> end(sandbox, request.as(nobody)))
                    .as(nobody)
                    .isInstanceOfSatisfying(
                            CarrelException.class, e -> assertThat(e.param()).hasValue("user"));
        }
        run(sandbox, "rm /etc/passwd; mkfifo /etc/passwd; rm /etc/group");
        assertThatThrownBy(() -> end(sandbox, request.as("dev")))
                .isInstanceOf(CarrelException.class);
    }

    private static ExecutionResult end(RunningSandbox sandbox, ExecutionRequest request)
            throws InterruptedException {
        return sandbox.start(ExecutionId.next(), request).follow(Execution.OutputListener.NONE);
    }

    @Test
    void aTerminalOfAUserIsTheirs() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, SMALL);
        ExecutionRequest request =
                ExecutionRequest.shell(
                                "tty; stat -c %u $(tty); echo $TERM; echo hi > /dev/tty", "/")
                        .with(new CommandInput.Terminal(TerminalSize.DEFAULT))
                        .keeping(new OutputKept.Last())
                        .as("1000");

        assertThat(end(sandbox, request).stdout())
                .isEqualTo("/dev/pts/0\r\n1000\r\nxterm-256color\r\nhi\r\n");
    }

    @Test
    void forkBombStaysInsideAndIsOverWithItsCommand() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, SMALL);
        RunningSandbox neighbour = create(NetworkPolicy.OFF, SMALL);

        var bomb =
                new ExecutionRequest(
                        List.of("/bin/sh", "-c", "f() { f | f & }; f; sleep 60"),
                        "/workspace",
                        Map.of(),
                        "",
                        Duration.ofSeconds(2),
                        1 << 16);
        Execution execution = sandbox.start(ExecutionId.next(), bomb);

        assertThat(run(neighbour, "echo fine").stdout()).isEqualTo("fine\n");
        assertThat(execution.follow(Execution.OutputListener.NONE).status())
                .isNotEqualTo(ExecutionStatus.RUNNING);
        Eventually.holds(() -> succeeds(sandbox, "echo back"));
    }

    @Test
    void fullDiskIsFeltInsideOnly() throws Exception {
        RunningSandbox sandbox = create(NetworkPolicy.OFF, SMALL);
        RunningSandbox neighbour = create(NetworkPolicy.OFF, SMALL);

        ExecutionResult full = run(sandbox, "head -c 200M /dev/urandom > big; r=$?; sync; exit $r");

        assertThat(full.exitCode().orElseThrow()).isNotZero();
        assertThat(full.stderr()).containsAnyOf("No space left", "Disk quota exceeded");
        assertThat(run(neighbour, "head -c 8M /dev/urandom > ok && sync && echo ok").stdout())
                .isEqualTo("ok\n");
        assertThat(run(sandbox, "rm big && sync && echo x > small && cat small").stdout())
                .isEqualTo("x\n");
    }

    @Test
    void limitsAreInTheControlGroups() throws Exception {
        SandboxId id = SandboxId.next();
        runtime.create(id, spec(NetworkPolicy.OFF, SMALL));
        ControlGroups groups = ControlGroups.of(Instance.of(host.home()).controlGroup());

        switch (groups.layout()) {
            case SEPARATE -> {
                assertThat(limit("cpu", groups, id, "cpu.cfs_quota_us")).isEqualTo("50000");
                assertThat(limit("pids", groups, id, "pids.max")).isEqualTo("40");
                assertThat(limit("memory", groups, id, "memory.limit_in_bytes"))
                        .isEqualTo(Long.toString(128L << 20));
            }
            case UNIFIED -> {
                assertThat(limit("", groups, id, "cpu.max")).isEqualTo("50000 100000");
                assertThat(limit("", groups, id, "pids.max")).isEqualTo("40");
                assertThat(limit("", groups, id, "memory.swap.max")).isEqualTo("0");
            }
        }
    }

    @Test
    void networkIsTheInternetWithoutTheHost() throws Exception {
        RunningSandbox on = create(NetworkPolicy.ON, SMALL);
        RunningSandbox off = create(NetworkPolicy.OFF, SMALL);
        String connect = "timeout 2 bash -c 'echo > /dev/tcp/%s/8099' 2>&1";
        try (var onHost = new ServerSocket(8099, 10, InetAddress.getByName("0.0.0.0"))) {
            assertThat(onHost.isBound()).isTrue();
            String own = TestHost.out("hostname", "-I").split(" ")[0];
            String gateway = run(on, "ip route 2>/dev/null | head -1").stdout();
            for (String address : List.of("127.0.0.1", own, "169.254.169.254", "10.1.2.3")) {
                assertThat(run(on, connect.formatted(address)).exitCode().orElseThrow())
                        .as(address + gateway)
                        .isNotZero();
            }
        }
        assertThat(run(on, "cat /etc/resolv.conf").stdout()).contains("nameserver ");
        assertThat(run(on, "ls /sys/class/net").stdout()).contains("eth0", "lo");
        assertThat(run(off, "ls /sys/class/net").stdout()).doesNotContain("eth0");
        String loopback =
                "python3 -c 'import socket as s; a=s.create_server((\"127.0.0.1\",0));"
                        + " s.create_connection(a.getsockname()); print(1)'";
        assertThat(run(off, loopback).stdout()).as("loopback without a network").isEqualTo("1\n");
        assertThat(run(on, loopback).stdout()).isEqualTo("1\n");
    }

    @Test
    void oneSandboxLeavesTheOthersAndTheHostSomeInotify() throws Exception {
        RunningSandbox greedy = create(NetworkPolicy.OFF, SMALL);
        RunningSandbox modest = create(NetworkPolicy.OFF, SMALL);
        String take =
                """
                cat >take.py <<'END'
                import ctypes, sys, time
                libc = ctypes.CDLL(None)
                taken = 0
                while taken < int(sys.argv[1]) and libc.inotify_init1(0) >= 0: taken += 1
                print(taken, flush=True)
                time.sleep(int(sys.argv[2]))
                END
                """;
        run(greedy, take + "python3 take.py 100000 60 >taken & sleep 1");
        int all = Integer.parseInt(run(greedy, "cat taken").stdout().strip());

        String hosts = TestHost.out("cat", "/proc/sys/user/max_inotify_instances").strip();
        assertThat(all).isEqualTo(Math.clamp(Long.parseLong(hosts) / 4, 1, 128));
        assertThat(run(modest, take + "python3 take.py 1 0").stdout()).isEqualTo("1\n");
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

    @Test
    void destroyFinishesWhatAnEarlierOneLeft() throws Exception {
        SandboxId id = SandboxId.next();
        runtime.create(id, spec(NetworkPolicy.ON, SMALL));
        SandboxFolder folder = folder(id);
        // As if the server had been killed between any two steps: what it noted is gone.
        Trees.delete(folder.bundle());

        runtime.destroy(id);

        assertThat(runtime.remains()).doesNotContain(id);
        assertThat(folder.path()).doesNotExist();
    }

    @Test
    void unknownImageLeavesNothing() {
        SandboxSpec coding = spec(NetworkPolicy.ON, SMALL);
        var unknown = coding.withImage("no-such-image");

        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> runtime.create(SandboxId.next(), unknown))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND));
        assertThat(runtime.remains()).isEmpty();
    }

    @Test
    void doctorFindsThisHostFit() throws Exception {
        var settings =
                OciSettings.of(
                        host.home(),
                        new dev.carrel.image.Images(dev.carrel.image.Images.DIRECTORY_DEFAULT));

        List<HostChecks.Check> checks = new HostChecks(settings, Isolation.CONTAINER).run();

        assertThat(checks)
                .filteredOn(check -> check.outcome() == HostChecks.Outcome.FAIL)
                .isEmpty();
        assertThat(checks)
                .extracting(HostChecks.Check::name)
                .contains("kernel", "crun", "control groups", "id-mapped mounts", "image coding");
    }

    @Test
    void startCostsLittleMoreThanBareCrun() throws Exception {
        create(NetworkPolicy.OFF, SMALL);
        long best = Long.MAX_VALUE;
        long bestOn = Long.MAX_VALUE;
        for (int i = 0; i < 8; i++) {
            best = Math.min(best, createAndRun(NetworkPolicy.OFF));
            bestOn = Math.min(bestOn, createAndRun(NetworkPolicy.ON));
        }
        System.out.printf("create + true: off %d ms, on %d ms%n", best, bestOn);
        assertThat(best).as("milliseconds, the best of 8").isLessThan(2000);
    }

    private long createAndRun(NetworkPolicy network) throws Exception {
        long start = System.nanoTime();
        SandboxId id = SandboxId.next();
        run(runtime.create(id, spec(network, SMALL)), "true");
        long millis = (System.nanoTime() - start) / 1_000_000;
        runtime.destroy(id);
        return millis;
    }

    private static boolean succeeds(RunningSandbox sandbox, String line) throws Exception {
        try {
            return run(sandbox, line).exitCode().orElse(1) == 0;
        } catch (CarrelException e) {
            return false;
        }
    }

    private static String limit(String hierarchy, ControlGroups groups, SandboxId id, String file)
            throws Exception {
        return Files.readString(Path.of("/sys/fs/cgroup", hierarchy + groups.path(id), file))
                .strip();
    }
}
