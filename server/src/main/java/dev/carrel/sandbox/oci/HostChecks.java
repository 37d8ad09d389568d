package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.HostCommand;
import dev.carrel.process.LinuxException;
import dev.carrel.process.Mounts;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What sandboxes need of a host, and what is there. Looking changes nothing, but may load a kernel
/// module.
public final class HostChecks {
    /// One thing looked at: what was found and, unless it is well, how to mend it.
    public record Check(String name, Outcome outcome, String found, String remedy) {}

    /// How it stands: `INFO` is neither good nor bad, `WARN` works with less, `FAIL` does not work.
    public enum Outcome {
        OK,
        INFO,
        WARN,
        FAIL
    }

    private static final int[] KERNEL_MIN = {5, 19};
    private static final long DISK_BYTES_WANTED = 5L << 30;
    private static final Path KERNEL_TYPES = Path.of("/proc/filesystems");

    private final OciSettings settings;
    private final Isolation isolationMin;

    /// `isolationMin` is the weakest isolation that sandboxes may have.
    public HostChecks(OciSettings settings, Isolation isolationMin) {
        this.settings = settings;
        this.isolationMin = isolationMin;
    }

    /// Everything, in the order in which to mend it.
    public List<Check> run() {
        List<Check> checks = new ArrayList<>();
        checks.add(root());
        checks.add(kernel());
        checks.add(userNamespaces());
        checks.add(controlGroups());
        checks.add(program("crun", "crun", "--version", Outcome.FAIL));
        checks.add(fileSystem("overlay"));
        checks.add(mappedMounts());
        checks.add(btrfs());
        checks.add(program("nft", "nftables", "--version", Outcome.FAIL));
        checks.add(program("ip", "iproute2", "-V", Outcome.FAIL));
        checks.add(program("nsenter", "util-linux", "--version", Outcome.FAIL));
        checks.addAll(NetworkChecks.all());
        checks.add(program("mmdebstrap", "mmdebstrap", "--version", Outcome.FAIL));
        checks.add(disk());
        checks.add(PoolCheck.of(settings, nearest(settings.home())));
        checks.add(image());
        checks.addAll(IsolationChecks.of(isolationMin, settings.microvmShim()));
        return checks;
    }

    static boolean kernelHas(String fileSystem) throws IOException {
        return names(fileSystem)
                // Modules show when they are loaded, which asking for the file system does.
                || (HostCommand.find("modprobe").isPresent()
                        && HostCommand.of("modprobe", fileSystem).run().exitCode() == 0
                        && names(fileSystem));
    }

    private static boolean names(String fileSystem) throws IOException {
        return Files.readString(KERNEL_TYPES).lines().anyMatch(l -> l.endsWith("\t" + fileSystem));
    }

    private static Check root() {
        String user = System.getProperty("user.name", "");
        return user.equals("root")
                ? ok("root", "running as root")
                : fail("root", "running as " + user, "run the server as root");
    }

    private static Check kernel() {
        String version = System.getProperty("os.version", "");
        return isAtLeast(version, KERNEL_MIN)
                ? ok("kernel", version)
                : fail("kernel", version, "Linux 5.19 or newer is needed (Debian 12 has 6.1)");
    }

    static boolean isAtLeast(String version, int[] wanted) {
        Matcher matcher = Pattern.compile("^(\\d+)\\.(\\d+)").matcher(version);
        if (!matcher.find()) {
            return false;
        }
        int major = Integer.parseInt(matcher.group(1));
        int minor = Integer.parseInt(matcher.group(2));
        return major > wanted[0] || (major == wanted[0] && minor >= wanted[1]);
    }

    private static Check userNamespaces() {
        try {
            IdMap.open().close();
            return ok("user namespaces", "sandboxes' root is user " + IdMap.BASE + " of the host");
        } catch (IOException e) {
            return fail(
                    "user namespaces",
                    "refused",
                    "raise user.max_user_namespaces and check kernel.unprivileged_userns_clone"
                            + " with sysctl");
        }
    }

    private static Check controlGroups() {
        String name = "control groups";
        try {
            ControlGroups groups = ControlGroups.of("carrel-doctor");
            return switch (groups.layout()) {
                case UNIFIED -> unified(name);
                case SEPARATE -> separate(name, groups);
            };
        } catch (IOException e) {
            return fail(name, "unreadable", "mount cgroup2 on /sys/fs/cgroup");
        }
    }

    private static Check unified(String name) throws IOException {
        String controllers = Files.readString(Path.of("/sys/fs/cgroup/cgroup.controllers")).strip();
        return List.of(controllers.split(" ")).containsAll(List.of("cpu", "memory", "pids"))
                ? ok(name, "v2 with " + controllers)
                : fail(name, "v2 with " + controllers, "cpu, memory and pids are needed");
    }

    private static Check separate(String name, ControlGroups groups) {
        List<String> found =
                groups.hierarchies().stream().map(p -> String.valueOf(p.getFileName())).toList();
        if (!found.containsAll(List.of("cpu", "memory", "pids"))) {
            return fail(name, "v1 with " + found, "mount the controllers cpu, memory and pids");
        }
        return OciConfig.canLimitSwap(groups.layout())
                ? ok(name, "v1 with " + String.join(" ", found))
                : new Check(
                        name,
                        Outcome.WARN,
                        "v1 that cannot limit swap: memory limits can be passed by swapping",
                        "start the kernel with swapaccount=1, or without swap");
    }

    private static Check fileSystem(String type) {
        try {
            return kernelHas(type)
                    ? ok(type, "in the kernel")
                    : fail(type, "not in this kernel", "use a kernel with " + type);
        } catch (IOException e) {
            return fail(type, "unknown", "/proc must be mounted");
        }
    }

    private Check mappedMounts() {
        String name = "id-mapped mounts";
        Path folder = nearest(settings.images().directory());
        try (IdMap map = IdMap.open();
                Fd tree = Mounts.cloneTree(folder.toString())) {
            map.apply(tree);
            return ok(name, "the file system of the images has them");
        } catch (LinuxException e) {
            return fail(
                    name,
                    e.errno().toString(),
                    "keep images on ext4, xfs or btrfs, and use Linux 5.19 or newer");
        } catch (IOException e) {
            return fail(name, "not tried: no user namespaces", "see user namespaces");
        }
    }

    private static Check btrfs() {
        boolean tools =
                HostCommand.find("mkfs.btrfs").isPresent() && HostCommand.find("btrfs").isPresent();
        try {
            if (tools && kernelHas("btrfs")) {
                return ok(
                        "btrfs", "disk limits are enforced, and sessions keep files to go back to");
            }
        } catch (IOException e) {
            return fail("btrfs", "unknown", "/proc must be mounted");
        }
        return new Check(
                "btrfs",
                Outcome.WARN,
                (tools ? "not in this kernel" : "no tools")
                        + ": disks have no limit, and sessions keep no files to go back to",
                "install btrfs-progs, and a kernel with btrfs");
    }

    private Check disk() {
        try {
            long free = Files.getFileStore(nearest(settings.home())).getUsableSpace();
            String found = (free >> 20) + " MiB free";
            return free >= DISK_BYTES_WANTED
                    ? ok("disk", found)
                    : new Check("disk", Outcome.WARN, found, "free some, or set another home");
        } catch (IOException e) {
            return fail("disk", "unreadable", "check the home directory");
        }
    }

    private Check image() {
        String name = SandboxSpec.DEFAULT_IMAGE;
        return settings.images().isBuilt(name)
                ? ok("image " + name, "built")
                : new Check(
                        "image " + name,
                        Outcome.INFO,
                        "not built yet",
                        "it is built when a server starts, in about a minute");
    }

    private static Check program(String program, String debian, String option, Outcome missing) {
        if (HostCommand.find(program).isEmpty()) {
            return new Check(program, missing, "not installed", "apt-get install " + debian);
        }
        try {
            HostCommand.Result result = HostCommand.of(program, option).run();
            Optional<String> version = (result.out() + result.err()).lines().findFirst();
            return ok(program, version.orElse("installed"));
        } catch (IOException e) {
            return fail(program, "does not run", "apt-get install --reinstall " + debian);
        }
    }

    private static Path nearest(Path path) {
        Path there = path;
        while (there.getParent() != null && !Files.exists(there)) {
            there = there.getParent();
        }
        return there;
    }

    private static Check ok(String name, String found) {
        return new Check(name, Outcome.OK, found, "");
    }

    private static Check fail(String name, String found, String remedy) {
        return new Check(name, Outcome.FAIL, found, remedy);
    }
}
