package dev.carrel.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.CarrelException;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Ways out of a container that have worked somewhere, each tried by root inside.
class SandboxEscapeIT extends AttackStage {
    /// CVE-2019-5736: the runtime's own program, overwritten through /proc/self/exe when it comes
    /// in.
    @Test
    void theRuntimeIsNotOverwrittenThroughItsOwnExe() {
        String hostile =
                """
                printf '#!/proc/self/exe\\n' > /workspace/loop; chmod +x /workspace/loop
                for f in /proc/*/exe; do { echo x > $f; } 2>/dev/null && echo BREACH $f; done
                { echo x > /dev/carrel-init; } 2>/dev/null && echo BREACH init
                cp /bin/sh /bin/sh.real; ln -sf /proc/self/exe /workspace/sh; echo done
                """;
        assertThat(run(sandbox, hostile).stdout()).isEqualTo("done\n");
        ExecutionInfo looped = argv("/workspace/loop");
        assertThat(looped.exitCode().orElse(1)).isNotZero();
        ExecutionInfo self = argv("/proc/self/exe");
        assertThat(self.exitCode().orElse(1)).isNotZero();
        assertThat(argv("/workspace/sh", "-c", "echo BREACH").stdout()).doesNotContain("BREACH");
        client.sandboxes().delete(create());
    }

    /// CVE-2024-21626: a working directory that is a descriptor which the runtime left open.
    @Test
    void noDescriptorOrWorkingDirectoryOfTheHostLeaksIn() {
        assertRepelled(attack("walls.py", "descriptors"));
        for (int fd = 3; fd < 16; fd++) {
            for (String path : List.of("/proc/self/fd/" + fd, "/proc/1/fd/" + fd + "/../..")) {
                assertThat(standsIn(path)).as(path).isNotEqualTo("on the host");
            }
        }
        run(sandbox, "ln -sfn /proc/self/fd/8 /workspace/out");
        assertThat(standsIn("/workspace/out")).isNotEqualTo("on the host");
    }

    private String standsIn(String directory) {
        String home = server.home().toString();
        try {
            ExecutionInfo result =
                    client.sandboxes()
                            .execute(
                                    sandbox,
                                    ExecuteRequest.of(
                                                    Command.line(
                                                            "pwd -P; ls -d ."
                                                                    + home
                                                                    + " .."
                                                                    + home
                                                                    + " 2>/dev/null && echo BREACH"))
                                            .in(directory));
            return result.stdout().contains("BREACH") ? "on the host" : "inside";
        } catch (CarrelException refused) {
            return "nowhere";
        }
    }

    /// CVE-2025-31133, 52565, 52881: links in the place of what the runtime masks and mounts over.
    @Test
    void linksInPlaceOfMaskedPathsAndConsoleLeadNowhere() {
        String hostile =
                """
                for f in /etc/resolv.conf /etc/hosts /etc/hostname; do
                  rm -f $f; ln -s /proc/sysrq-trigger $f
                done
                rm -rf /mnt /srv; ln -s /proc/1/root /mnt; ln -s ../../../../../../../../.. /srv
                for f in /dev/console /dev/pts/ptmx /dev/null; do
                  rm -f $f; ln -sf /proc/sys/kernel/core_pattern $f
                done
                echo x > /dev/null; cat /proc/sys/kernel/core_pattern | grep -q '^x$' && echo BREACH
                echo done
                """;
        String victim = create();
        assertThat(run(victim, hostile).stdout()).isEqualTo("done\n");
        assertThat(attackIn(victim, "walls.py", "settings").stdout()).doesNotContain("BREACH");
        restart(victim);
        assertThat(attackIn(victim, "walls.py", "settings", "devices").stdout())
                .doesNotContain("BREACH");
        client.sandboxes().delete(victim);
    }

    /// Ends pid 1 from outside, as a crash would; the next command starts the sandbox again on a
    /// disk that the attacker has prepared.
    private void restart(String victim) {
        try {
            var groups = java.nio.file.Path.of("/sys/fs/cgroup");
            try (var found = java.nio.file.Files.find(groups, 4, (p, a) -> p.endsWith(victim))) {
                for (var group : found.toList()) {
                    for (String pid :
                            java.nio.file.Files.readAllLines(group.resolve("cgroup.procs"))) {
                        ProcessHandle.of(Long.parseLong(pid))
                                .ifPresent(ProcessHandle::destroyForcibly);
                    }
                }
            }
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void nothingCanBeMountedAlsoNotInNamespacesOfItsOwn() {
        assertRepelled(attack("walls.py", "mounts"));
        assertThat(run(sandbox, "unshare -Urm true || nsenter -t 1 -m true").exitCode().orElse(0))
                .isNotZero();
    }

    @Test
    void controlGroupsAndTheirReleaseAgentAreOutOfReach() {
        assertRepelled(attack("walls.py", "groups"));
    }

    @Test
    void kernelSettingsAreReadOnly() {
        assertRepelled(attack("walls.py", "settings"));
    }

    @Test
    void devicesCanBeNeitherMadeNorFound() {
        assertRepelled(attack("walls.py", "devices"));
    }

    @Test
    void signalsAndTracingEndAtTheSandbox() {
        assertRepelled(attack("walls.py", "processes"));
        run(sandbox, "kill -9 -1");
    }

    @Test
    void privilegesAreFewAndFiltered() {
        assertRepelled(attack("walls.py", "privileges"));
    }

    @Test
    void dangerousSystemCallsAreRefused() {
        assertRepelled(attack("syscalls.py"));
    }

    /// Files that give their runner more than he has: no_new_privs makes them plain files.
    @Test
    void setuidAndFileCapabilitiesGiveNothing() {
        String line =
                """
                cp $(readlink -f /usr/bin/python3) /workspace/p; chown 0:0 /workspace/p
                chmod 6755 /workspace/p; chmod 755 /workspace
                setpriv --reuid 1000 --regid 1000 --clear-groups /workspace/p -c \
                  'import os; print(os.geteuid(), os.getegid())'
                python3 - <<'END'
                import os, struct
                caps = struct.pack('<IIIII', 0x02000001, 0xffffffff, 0, 0xffffffff, 0)
                try:
                    os.setxattr('/workspace/p', 'security.capability', caps)
                except OSError as e:
                    print('refused', e.errno)
                END
                setpriv --reuid 1000 --regid 1000 --clear-groups /workspace/p -c \
                  'print([l.split()[1] for l in open("/proc/self/status") if l.startswith("CapEff")][0])' \
                  || echo 0000000000000000
                """;
        List<String> said = run(sandbox, line).stdout().lines().toList();
        assertThat(said.getFirst()).isEqualTo("1000 1000");
        assertThat(said.getLast()).isEqualTo("0000000000000000");
    }

    private ExecutionInfo argv(String... words) {
        return client.sandboxes()
                .execute(
                        sandbox,
                        ExecuteRequest.of(Command.of(List.of(words))).withTimeoutSeconds(5));
    }
}
