package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Starts a shim, a program of containerd's protocol of that name, without containerd: in
/// namespaces of its own for mounts, network and control groups, which end with it. What it leaves
/// in `/run` is nobody else's, and no process that it starts gets out of the sandbox's groups.
record ShimStart(String program, Path mounts) {
    /// Where the shim sees the bundle, with the root file system in it, pid 1's program and the run
    /// directory. Users of the host may pass through it, as crun wants it.
    static final Path BUNDLE = Path.of("/run/carrel");

    static final Path ROOTFS = BUNDLE.resolve("rootfs");
    static final Path INIT = BUNDLE.resolve("init");
    static final Path RUN = BUNDLE.resolve("run");

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static final String OUTSIDE =
            """
            for group in $GROUPS; do echo $$ >"$group/cgroup.procs" || exit; done
            exec unshare --mount --net --cgroup --propagation private sh -euc "$INSIDE" \
                </dev/null 2>>"$LOG"
            """;

    /// The mounts of other sandboxes that are just starting are let go of, and the engine sees its
    /// group as the top one. On v2 a group has processes or groups within, not both. All relays
    /// have one uid, so each is alone in its process namespace: it cannot name another.
    private static final String INSIDE =
            """
            cd "$BUNDLE"
            mount --bind "$ROOT" rootfs
            mount --bind "$INIT" init
            mount --bind "$RUN" run
            umount -l "$MOUNTS"
            mount -t tmpfs -o mode=0755,nosuid,nodev,size=64m carrel /run
            mkdir "$SEEN"
            mount --rbind . "$SEEN"
            cd "$SEEN"
            if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
                mount -t cgroup2 none /sys/fs/cgroup
                mkdir /sys/fs/cgroup/shim
                echo 0 >/sys/fs/cgroup/shim/cgroup.procs
            else
                grep ' cgroup ' /proc/mounts | sed 's/,release_agent=[^, ]*//' >/run/groups
                while read -r _ path _ options _; do
                    umount -l "$path"
                    mount -t cgroup -o "$options" none "$path"
                done </run/groups
            fi
            [ ! -e "$SWITCH" ] || echo 1 >"$SWITCH"
            ip link set lo up
            mkfifo -m 600 in out
            ln -s /dev/null log
            unshare --pid --fork --kill-child ./init relay >/dev/null 2>>"$LOG" &
            echo $! >relay.pid
            exec "$SHIM" -namespace carrel -id "$ID" -address /run/containerd/containerd.sock \
                -publish-binary /bin/true start
            """;

    /// Returns where it serves.
    ShimAddress run(SandboxFolder folder, OciConfig config, List<Path> groups) throws IOException {
        for (String name : List.of("rootfs", "run")) {
            Files.createDirectory(folder.bundle().resolve(name));
        }
        Files.createFile(folder.bundle().resolve("init"));
        HostCommand.Result result =
                HostCommand.of("sh", "-c", OUTSIDE)
                        .withEnv(environment(folder, config, groups))
                        .withTimeout(TIMEOUT)
                        .run();
        if (result.exitCode() != 0) {
            throw new IOException(
                    "%s ended with %d: %s %s"
                            .formatted(
                                    program,
                                    result.exitCode(),
                                    result.out().strip(),
                                    Crun.log(folder)));
        }
        return ShimAddress.parse(result.out());
    }

    private Map<String, String> environment(
            SandboxFolder folder, OciConfig config, List<Path> groups) throws IOException {
        Map<String, String> environment = new HashMap<>();
        environment.put("INSIDE", INSIDE);
        environment.put(
                "GROUPS", groups.stream().map(Path::toString).collect(Collectors.joining(" ")));
        environment.put("LOG", folder.log().toString());
        environment.put("BUNDLE", folder.bundle().toString());
        environment.put("SEEN", BUNDLE.toString());
        environment.put("ROOT", config.root().toString());
        environment.put("INIT", config.init().toString());
        environment.put("RUN", folder.run().toRealPath().toString());
        environment.put("MOUNTS", mounts.toString());
        environment.put("SWITCH", "/proc/sys/net/ipv6/conf/default/disable_ipv6");
        environment.put("SHIM", program);
        environment.put("ID", folder.id().value());
        return environment;
    }
}
