package dev.carrel.sandbox.oci;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.Resources;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The configuration that crun gets, as the OCI runtime specification 1.0 defines it: the hardened
/// recipe that docs/SECURITY.md explains. `root` and `init` are paths as crun sees them.
record OciConfig(
        String hostname,
        Path root,
        Path init,
        String controlGroup,
        Resources resources,
        boolean limitsSwap) {
    /// Where pid 1 is, inside: in `/dev`, a file system that is made anew for each start, so that
    /// the sandbox's disk has no trace of it.
    static final String INIT = "/dev/carrel-init";

    /// What every command finds, unless the sandbox or the command says otherwise.
    static final Map<String, String> ENVIRONMENT =
            Map.of(
                    "PATH", ExecutionRequest.PATH_DEFAULT,
                    "HOME", "/root",
                    "USER", "root",
                    "LANG", "C.UTF-8",
                    "TERM", "dumb");

    /// Enough for apt, npm, databases, git, su and sudo; none of it reaches beyond the user
    /// namespace.
    private static final List<String> CAPABILITIES =
            List.of(
                    "CAP_CHOWN",
                    "CAP_DAC_OVERRIDE",
                    "CAP_FOWNER",
                    "CAP_FSETID",
                    "CAP_KILL",
                    "CAP_SETGID",
                    "CAP_SETUID",
                    "CAP_SETPCAP",
                    "CAP_NET_BIND_SERVICE",
                    "CAP_SYS_CHROOT",
                    "CAP_SETFCAP",
                    "CAP_AUDIT_WRITE");

    private static final List<String> MASKED =
            List.of(
                    "/proc/acpi",
                    "/proc/asound",
                    "/proc/interrupts",
                    "/proc/kcore",
                    "/proc/keys",
                    "/proc/kmsg",
                    "/proc/latency_stats",
                    "/proc/pressure",
                    "/proc/sched_debug",
                    "/proc/scsi",
                    "/proc/timer_list",
                    "/proc/timer_stats",
                    "/sys/dev/block",
                    "/sys/devices/virtual/dmi",
                    "/sys/devices/virtual/powercap",
                    "/sys/firmware",
                    "/sys/fs/selinux",
                    "/sys/kernel/debug");

    private static final List<String> READ_ONLY =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    private static final String FILTER_ANNOTATION = "run.oci.seccomp_bpf_data";
    private static final Path IPV6 = Path.of("/proc/sys/net/ipv6");
    private static final long SHM_BYTES = 64L << 20;
    static final int PERIOD_MICROS = 100_000;
    private static final int SHARES_OF_A_CPU = 256;

    /// Of pid 1, whose end is the sandbox's; its commands have 100 more.
    private static final int OOM_SCORE = 400;

    /// The host has some thousands for all sandboxes.
    private static final int TERMINALS_MAX = 256;

    private static final int FILES_OPEN_SOFT = 16_384;
    private static final int FILES_OPEN_HARD = 65_536;

    private static final ObjectMapper JSON = JsonMapper.builder().build();
    private static final ObjectNode FILTER = readFilter();

    /// `filter` is the compiled system call filter, if there is one from an earlier start.
    byte[] toJson(Optional<String> filter) throws IOException {
        return bytes(json(filter));
    }

    static byte[] bytes(ObjectNode config) throws IOException {
        return JSON.writeValueAsBytes(config);
    }

    /// The same, for an engine that changes some of it.
    ObjectNode json(Optional<String> filter) throws IOException {
        ObjectNode config = JSON.createObjectNode().put("ociVersion", "1.0.2");
        config.put("hostname", hostname);
        config.putObject("root").put("path", root.toString()).put("readonly", false);
        config.set("process", process());
        config.set("mounts", mounts());
        config.set("linux", linux());
        filter.ifPresent(bpf -> config.putObject("annotations").put(FILTER_ANNOTATION, bpf));
        return config;
    }

    private static ObjectNode process() throws IOException {
        ObjectNode process = JSON.createObjectNode().put("terminal", false).put("cwd", "/");
        process.putObject("user").put("uid", 0).put("gid", 0);
        process.putArray("args").add(INIT);
        ArrayNode env = process.putArray("env");
        ENVIRONMENT.forEach((name, value) -> env.add(name + "=" + value));
        process.put("noNewPrivileges", true).put("oomScoreAdj", OOM_SCORE);
        ObjectNode capabilities = process.putObject("capabilities");
        for (String set : List.of("bounding", "effective", "permitted")) {
            strings(capabilities.putArray(set), CAPABILITIES);
        }
        capabilities.putArray("inheritable");
        capabilities.putArray("ambient");
        // Inside a user namespace nobody can have more than who starts crun has.
        long hard = Math.min(FILES_OPEN_HARD, filesOpenMax());
        ArrayNode limits = process.putArray("rlimits");
        limit(limits, "RLIMIT_NOFILE", Math.min(FILES_OPEN_SOFT, hard), hard);
        limit(limits, "RLIMIT_CORE", 0, 0);
        return process;
    }

    private ArrayNode mounts() {
        ArrayNode mounts = JSON.createArrayNode();
        mount(mounts, "/proc", "proc", "nosuid", "noexec", "nodev");
        mount(mounts, "/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=64k");
        mount(
                mounts,
                "/dev/pts",
                "devpts",
                "nosuid",
                "noexec",
                "newinstance",
                "ptmxmode=0666",
                "mode=0620",
                "max=" + TERMINALS_MAX,
                "gid=5");
        String size = "size=" + SHM_BYTES;
        mount(mounts, "/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", size);
        mount(mounts, "/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev");
        // Of the sandbox's own network namespace: crun silently binds the host's otherwise.
        mount(mounts, "/sys", "sysfs", "nosuid", "noexec", "nodev", "ro");
        ObjectNode bind = mounts.addObject().put("destination", INIT).put("type", "bind");
        bind.put("source", init.toString());
        strings(bind.putArray("options"), List.of("bind", "rprivate", "ro", "nosuid", "nodev"));
        return mounts;
    }

    private ObjectNode linux() {
        ObjectNode linux = JSON.createObjectNode().put("cgroupsPath", controlGroup);
        ArrayNode namespaces = linux.putArray("namespaces");
        for (String type : List.of("pid", "ipc", "uts", "mount", "network", "user")) {
            namespaces.addObject().put("type", type);
        }
        for (String map : List.of("uidMappings", "gidMappings")) {
            linux.putArray(map)
                    .addObject()
                    .put("containerID", 0)
                    .put("hostID", IdMap.BASE)
                    .put("size", IdMap.SIZE);
        }
        // Addresses that the links of this namespace would give themselves. A host that was started
        // without IPv6 has no such switch, and needs none.
        if (Files.exists(IPV6)) {
            linux.putObject("sysctl").put("net.ipv6.conf.default.disable_ipv6", "1");
        }
        linux.set("resources", resourceLimits());
        strings(linux.putArray("maskedPaths"), MASKED);
        strings(linux.putArray("readonlyPaths"), READ_ONLY);
        ObjectNode seccomp = FILTER.deepCopy();
        seccomp.putArray("architectures").add(architecture());
        linux.set("seccomp", seccomp);
        return linux;
    }

    private ObjectNode resourceLimits() {
        ObjectNode limits = limits(resources);
        limits.putArray("devices").addObject().put("allow", false).put("access", "rwm");
        if (limitsSwap) {
            // Memory and swap together: no swap.
            limits.withObject("/memory").put("swap", (long) resources.memoryMib() << 20);
        }
        return limits;
    }

    /// What the specification calls `linux.resources`.
    static ObjectNode limits(Resources resources) {
        ObjectNode limits = JSON.createObjectNode();
        limits.putObject("memory").put("limit", (long) resources.memoryMib() << 20);
        limits.putObject("pids").put("limit", resources.processesMax());
        limits.putObject("cpu")
                .put("quota", Math.round(resources.cpus() * PERIOD_MICROS))
                .put("period", PERIOD_MICROS)
                .put("shares", shares(resources));
        return limits;
    }

    /// The weight of its processes where processors are short.
    static long shares(Resources resources) {
        return Math.max(2, Math.round(resources.cpus() * SHARES_OF_A_CPU));
    }

    /// Whether a host with separate hierarchies can limit swap at all.
    static boolean canLimitSwap(ControlGroups.Layout layout) {
        return switch (layout) {
            case UNIFIED -> true;
            case SEPARATE ->
                    Files.exists(Path.of("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"));
        };
    }

    private static void mount(ArrayNode mounts, String target, String type, String... options) {
        ObjectNode mount = mounts.addObject().put("destination", target).put("type", type);
        mount.put("source", type);
        strings(mount.putArray("options"), List.of(options));
    }

    private static void limit(ArrayNode limits, String type, long soft, long hard) {
        limits.addObject().put("type", type).put("soft", soft).put("hard", hard);
    }

    private static void strings(ArrayNode array, List<String> values) {
        values.forEach(array::add);
    }

    private static long filesOpenMax() throws IOException {
        return Files.readString(Path.of("/proc/self/limits"))
                .lines()
                .filter(line -> line.startsWith("Max open files"))
                .map(line -> line.split("\\s{2,}")[2])
                .mapToLong(
                        text -> text.equals("unlimited") ? FILES_OPEN_HARD : Long.parseLong(text))
                .findFirst()
                .orElse(FILES_OPEN_SOFT);
    }

    private static String architecture() {
        return switch (System.getProperty("os.arch", "")) {
            case "aarch64" -> "SCMP_ARCH_AARCH64";
            default -> "SCMP_ARCH_X86_64";
        };
    }

    private static ObjectNode readFilter() {
        try (InputStream stream = OciConfig.class.getResourceAsStream("seccomp.json")) {
            if (stream == null) {
                throw new IllegalStateException("seccomp.json is not in the jar");
            }
            return (ObjectNode) JSON.readTree(stream);
        } catch (IOException e) {
            throw new IllegalStateException("seccomp.json cannot be read", e);
        }
    }
}
