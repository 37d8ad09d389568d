package dev.carrel.sandbox.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.FileAttributes;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.RunningSandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.SnapshotId;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What copies of disks have in common and what not, on a real kernel.
class SnapshotIT extends HostFixture {
    private final SandboxId id = SandboxId.next();
    private final SnapshotId snapshot = SnapshotId.next();
    private RunningSandbox sandbox;

    @BeforeEach
    void make() {
        sandbox = runtime.create(id, spec(64));
    }

    @Test
    void copiesAreOtherMachines() throws Exception {
        String machine = "0123456789abcdef0123456789abcdef";
        succeeds(
                sandbox,
                """
                echo %s > /etc/machine-id
                mkdir -p /etc/ssh /var/lib/systemd
                echo secret > /etc/ssh/ssh_host_rsa_key
                echo public > /etc/ssh/ssh_host_rsa_key.pub
                echo kept > /etc/ssh/sshd_config
                echo seed > /var/lib/systemd/random-seed
                echo "10.0.0.1 $(hostname) db" >> /etc/hosts
                echo data > /workspace/file
                """
                        .formatted(machine));
        String name = out(sandbox, "hostname");

        RunningSandbox copy = copy(64);

        String itsName = out(copy, "hostname");
        assertThat(itsName).isNotEqualTo(name);
        assertThat(out(copy, "cat /etc/hostname")).isEqualTo(itsName);
        assertThat(out(copy, "cat /etc/hosts"))
                .contains("10.0.0.1 " + itsName + " db")
                .doesNotContain(name);
        assertThat(out(copy, "cat /etc/machine-id")).matches("[0-9a-f]{32}").isNotEqualTo(machine);
        assertThat(out(copy, "ls /etc/ssh")).doesNotContain("ssh_host_rsa_key");
        assertThat(out(copy, "cat /etc/ssh/sshd_config")).isEqualTo("kept");
        assertThat(out(copy, "ls /var/lib/systemd")).doesNotContain("random-seed");
        assertThat(out(copy, "cat file; stat -c %u /etc/hostname")).isEqualTo("data\n0");
        assertThat(out(sandbox, "cat /etc/machine-id /etc/ssh/ssh_host_rsa_key"))
                .isEqualTo(machine + "\nsecret");
    }

    @Test
    void whatIsBeingWrittenIsSeenNowhereUntilItIsWhole() throws Exception {
        succeeds(sandbox, "echo old > file");
        var half = new HalfSent();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var writes = new ArrayList<Future<?>>();
            for (String path : List.of("/workspace/file", "/workspace/new")) {
                writes.add(threads.submit(() -> sandbox.files().write(path, half.stream())));
            }
            half.awaitBegun(writes.size());

            // Of a server that is killed now, this is what stays.
            assertThat(out(sandbox, "ls -A; cat file")).isEqualTo("file\nold");
            assertThat(out(copy(64), "ls -A; cat file")).isEqualTo("file\nold");

            half.goOn();
            for (Future<?> write : writes) {
                write.get();
            }
        }
        assertThat(out(sandbox, "ls -A; cat file new")).isEqualTo("file\nnew\nonetwoonetwo");
    }

    @Test
    void filesForOthersCanBeWrittenWhereTheSandboxMounted() throws Exception {
        var attributes =
                new FileAttributes(OptionalInt.of(0640), OptionalInt.of(7), OptionalInt.of(8));
        for (String path : List.of("/dev/shm/file", "/workspace/file")) {
            for (int i = 0; i < 2; i++) {
                var content = new ByteArrayInputStream("x".getBytes(UTF_8));
                assertThat(sandbox.files().write(path, content, attributes).owner()).isEqualTo(7);
            }
            assertThat(out(sandbox, "stat -c %u:%g:%a " + path)).isEqualTo("7:8:640");
            assertThat(out(sandbox, "ls -A $(dirname " + path + ")")).isEqualTo("file");
        }
    }

    @Test
    void restoredSandboxKeepsItsIdentity() throws Exception {
        succeeds(sandbox, "echo 0123456789abcdef0123456789abcdef > /etc/machine-id");
        runtime.takeSnapshot(id, snapshot);
        String before = out(sandbox, "cat /etc/machine-id /etc/hostname /etc/hosts");

        runtime.restore(id, spec(64), snapshot);
        sandbox = runtime.start(id, spec(64));

        assertThat(out(sandbox, "cat /etc/machine-id /etc/hostname /etc/hosts")).isEqualTo(before);
    }

    @Test
    void hostileDisksAreCopiedAndChangeNothingElsewhere() throws Exception {
        succeeds(
                sandbox,
                """
                rm -f /etc/hostname /etc/hosts /etc/machine-id
                mkfifo /etc/hostname
                ln -s /etc/passwd /etc/hosts
                mkdir /etc/machine-id
                rm -rf /etc/ssh && ln -s / /etc/ssh
                mkdir -p /var/lib/dbus && ln -sf /etc/shadow /var/lib/dbus/machine-id
                rm -rf /var/lib/systemd && ln -s /etc /var/lib/systemd
                echo x > /etc/random-seed
                touch /ssh_host_rsa_key
                """);
        String before = out(sandbox, "cat /etc/passwd /etc/shadow");

        RunningSandbox copy = copy(64);

        assertThat(out(copy, "cat /etc/passwd /etc/shadow")).isEqualTo(before);
        assertThat(out(copy, "cat /etc/random-seed; ls /ssh_host_rsa_key"))
                .isEqualTo("x\n/ssh_host_rsa_key");
        assertThat(copy.isAlive()).isTrue();
    }

    @Test
    void fullDiskCanBeCopiedAndTheCopyHasItsOwnLimit() throws Exception {
        succeeds(sandbox, "echo 0123456789abcdef0123456789abcdef > /etc/machine-id");
        assertThat(run(sandbox, "dd if=/dev/urandom of=big bs=1M").exitCode().orElseThrow())
                .isNotZero();
        runtime.takeSnapshot(id, snapshot);

        RunningSandbox copy = make(32);

        assertThat(out(copy, "cat /etc/machine-id"))
                .isNotEqualTo("0123456789abcdef0123456789abcdef");
        succeeds(copy, "dd if=/dev/urandom of=more bs=1M count=24 conv=fsync");
        ExecutionResult most = run(copy, "dd if=/dev/urandom of=most bs=1M count=24 conv=fsync");
        assertThat(most.exitCode().orElseThrow()).isNotZero();
        assertThat(most.stderr()).containsAnyOf("Disk quota exceeded", "No space left");
        succeeds(copy, "rm more most && sync && dd if=/dev/zero of=more bs=1M count=8 conv=fsync");
    }

    @Test
    void sandboxWithAFullDiskStartsAgainAndCanMakeRoom() throws Exception {
        assertThat(run(sandbox, "dd if=/dev/urandom of=big bs=1M").exitCode().orElseThrow())
                .isNotZero();
        runtime.stop(id);

        sandbox = runtime.start(id, spec(64));

        succeeds(sandbox, "rm big && dd if=/dev/urandom of=more bs=1M count=8 conv=fsync");
    }

    @Test
    void bombsOfFilesAreFeltInsideOnly() throws Exception {
        RunningSandbox neighbour = runtime.create(SandboxId.next(), spec(64));
        String bomb =
                """
                import os, sys
                try:
                    for d in range(1000):
                        os.mkdir('d%d' % d)
                        for i in range(5000):
                            os.close(os.open('d%d/%s%d' % (d, 'x' * 200, i), os.O_CREAT))
                except OSError as e:
                    sys.exit(7)
                """;
        sandbox.files()
                .write(
                        "/workspace/bomb.py",
                        new java.io.ByteArrayInputStream(
                                bomb.getBytes(java.nio.charset.StandardCharsets.UTF_8)));

        assertThat(run(sandbox, "python3 bomb.py").exitCode()).hasValue(7);

        succeeds(neighbour, "dd if=/dev/urandom of=file bs=1M count=8 conv=fsync");
        assertThat(runtime.takeSnapshot(id, snapshot)).isLessThan(80L << 20);
    }

    @Test
    void whatRunsStandsStillWhileItIsSaved() throws Exception {
        String writer =
                """
                import os
                i = 0
                while True:
                    i += 1
                    for name in 'ab':
                        with open(name + '.new', 'w') as f: f.write(str(i))
                        os.rename(name + '.new', name)
                """;
        sandbox.start(
                ExecutionId.next(),
                new ExecutionRequest(
                        List.of("python3", "-c", writer),
                        "/workspace",
                        Map.of(),
                        "",
                        java.time.Duration.ofSeconds(50),
                        4096));
        Eventually.holds(() -> run(sandbox, "test -s b").exitCode().orElseThrow() == 0);

        for (int i = 0; i < 5; i++) {
            SnapshotId next = SnapshotId.next();
            runtime.takeSnapshot(id, next);
            RunningSandbox copy = runtime.create(SandboxId.next(), from(64, next));
            int first = Integer.parseInt(out(copy, "cat a"));
            int second = Integer.parseInt(out(copy, "cat b"));
            assertThat(first - second).isBetween(0, 1);
        }
    }

    private RunningSandbox copy(int diskMib) {
        runtime.takeSnapshot(id, snapshot);
        return make(diskMib);
    }

    private RunningSandbox make(int diskMib) {
        return runtime.create(SandboxId.next(), from(diskMib, snapshot));
    }

    private SandboxSpec from(int diskMib, SnapshotId source) {
        return spec(diskMib).from(source, SandboxSpec.DEFAULT_IMAGE);
    }

    private static String out(RunningSandbox in, String line) throws InterruptedException {
        return run(in, line).stdout().strip();
    }

    private static void succeeds(RunningSandbox in, String lines) throws InterruptedException {
        ExecutionResult result = run(in, "set -e\n" + lines);
        assertThat(result.exitCode()).as(result.stderr()).hasValue(0);
    }

    private SandboxSpec spec(int diskMib) {
        return spec(NetworkPolicy.OFF, new Resources(2, 512, diskMib, 128));
    }
}
