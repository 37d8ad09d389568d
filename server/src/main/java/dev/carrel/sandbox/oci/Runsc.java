package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Starts sandboxes with gVisor's runsc. On the host they are two processes: gVisor's kernel, which
/// is the sandbox, and the gofer, which has the files mounted.
///
/// Pid 1 cannot inherit the run directory here, so it is mounted into the sandbox for the moment in
/// which pid 1 opens it. When this class has started a sandbox, nothing names it any more, neither
/// inside nor in what the host sees as the sandbox's files.
final class Runsc implements Engine {
    /// What one sandbox is called in its own state folder.
    static final String NAME = "sandbox";

    private static final Duration STEP_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration SETTLE_TIMEOUT = Duration.ofSeconds(20);

    /// `--file-access` and `--overlay2`: the host sees what the sandbox writes, and the other way
    /// round. `--host-uds`: pid 1 calls the server at a socket of the host; there is no other one
    /// among the files. `--net-disconnect-ok`: open connections do not keep the memory from being
    /// saved, and are broken afterwards.
    private static final String RUNSC =
            "runsc --root \"$STATE\" --overlay2=none --file-access=shared"
                    + " --host-uds=open --net-disconnect-ok ";

    private static final String CREATE =
            RUNSC + "create --pid-file \"$PID\" --bundle \"$BUNDLE\" " + NAME;

    private static final String START = RUNSC + "start " + NAME;

    private static final String RESTORE =
            RUNSC + "restore --detach --image-path \"$IMAGE\" --bundle \"$BUNDLE\" " + NAME;

    /// gVisor refuses a network of its own on kernels since 6.11, whose settings it misreads: they
    /// are hidden from it. What is its standard error becomes the sandbox's, until pid 1 closes it.
    private static final String WRAPPED =
            """
            exec unshare --mount --propagation private \
                sh -c "mount -t tmpfs none /proc/sys/net && exec $STEP" \
                </dev/null >/dev/null 2>>"$LOG"
            """;

    private static final String PREPARE_NETWORK =
            "[ ! -e \"$SWITCH\" ] || echo 1 >\"$SWITCH\"; ip link set lo up";

    private final Path state;
    private final Path mounts;
    private final ControlGroups groups;

    Runsc(Path state, Path mounts, ControlGroups groups) {
        this.state = state;
        this.mounts = mounts;
        this.groups = groups;
    }

    @Override
    public Isolation isolation() {
        return Isolation.GVISOR;
    }

    @Override
    public Resources onHost(Resources inside) {
        return GvisorConfig.onHost(inside);
    }

    @Override
    public boolean takesLinksLater() {
        return false;
    }

    @Override
    public int run(SandboxFolder folder, OciConfig config, Link link) throws IOException {
        return run(folder, config, link, Step.of(START));
    }

    @Override
    public boolean savesMemory() {
        return true;
    }

    @Override
    public Optional<String> saveMemory(SandboxFolder folder, int mib, Path half, Path whole)
            throws IOException {
        Files.deleteIfExists(folder.door().resolve(RunDirectory.CHANNEL));
        return saving(folder).save(half, whole, MemoryTime.limit(mib));
    }

    @Override
    public void goOn(SandboxFolder folder) throws IOException {
        saving(folder).goOn();
    }

    private RunscSaving saving(SandboxFolder folder) {
        return new RunscSaving(folder, state.resolve(folder.id().value()));
    }

    @Override
    public int runSaved(SandboxFolder folder, OciConfig config, Link link, Path memory)
            throws IOException {
        Duration limit = MemoryTime.limit(config.resources().memoryMib());
        var restore = new Step(RESTORE, Map.of("IMAGE", memory.toString()), limit);
        return run(folder, config, link, restore);
    }

    private record Step(String command, Map<String, String> environment, Duration timeout) {
        static Step of(String command) {
            return new Step(command, Map.of(), STEP_TIMEOUT);
        }
    }

    private int run(SandboxFolder folder, OciConfig config, Link link, Step start)
            throws IOException {
        Files.createDirectories(state.resolve(folder.id().value()));
        Files.createDirectories(folder.door());
        Files.setPosixFilePermissions(folder.door(), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.deleteIfExists(folder.pid());
        try (var root = rootOf(config);
                var run =
                        HostFolder.of(
                                folder.run(),
                                mounts.resolve(folder.id() + ".run"),
                                HostFolder.WRITABLE);
                var door =
                        HostFolder.of(
                                folder.door(),
                                mounts.resolve(folder.id() + ".door"),
                                HostFolder.READ_ONLY)) {
            Path init = readable(config.init());
            var gvisor = new GvisorConfig(config, init, run.target(), door.target());
            Files.write(folder.config(), gvisor.toJson());
            return start(folder, root, link, start);
        }
    }

    @Override
    public void complete(int process, Link link) {}

    private int start(SandboxFolder folder, Root root, Link link, Step start) throws IOException {
        GvisorRoot.prepare(root);
        try {
            step(folder, Step.of(CREATE));
            int process = Integer.parseInt(Files.readString(folder.pid()).strip());
            Files.writeString(gofer(folder), Integer.toString(findGofer(folder, process)));
            prepareNetwork(process);
            link.attach(process, files(folder, process));
            step(folder, start);
            awaitSettled(folder, process);
            return process;
        } finally {
            GvisorRoot.tidy(root);
        }
    }

    private void step(SandboxFolder folder, Step step) throws IOException {
        Map<String, String> environment = new HashMap<>(step.environment());
        environment.put("STATE", state.resolve(folder.id().value()).toString());
        environment.put("LOG", folder.log().toString());
        environment.put("PID", folder.pid().toString());
        environment.put("BUNDLE", folder.bundle().toString());
        environment.put("STEP", step.command());
        HostCommand.Result result =
                HostCommand.of("sh", "-c", WRAPPED)
                        .withEnv(environment)
                        .withTimeout(step.timeout())
                        .run();
        if (result.exitCode() != 0) {
            throw new IOException(
                    "runsc ended with %d: %s".formatted(result.exitCode(), Crun.log(folder)));
        }
    }

    /// Pid 1 calls only after it has taken its run directory and closed the door behind it.
    private void awaitSettled(SandboxFolder folder, int process) throws IOException {
        try (InitDoor door = door(folder, process)) {
            door.first(SETTLE_TIMEOUT).close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while pid 1 was starting", e);
        } catch (IOException e) {
            throw new IOException("pid 1 did not come up: " + Crun.log(folder), e);
        }
    }

    // gVisor takes over what it finds in the namespace that was made for it.
    private static void prepareNetwork(int process) throws IOException {
        HostCommand.of(
                        "nsenter",
                        "--net=/proc/" + process + "/ns/net",
                        "--",
                        "sh",
                        "-c",
                        PREPARE_NETWORK)
                .withEnv(Map.of("SWITCH", "/proc/sys/net/ipv6/conf/default/disable_ipv6"))
                .run()
                .orFail();
    }

    // Looked for before anything of the sandbox has run, which could pass itself off as one.
    private int findGofer(SandboxFolder folder, int process) throws IOException {
        for (int other : groups.processes(folder.id())) {
            if (other != process && command(other).startsWith("runsc-gofer\0")) {
                return other;
            }
        }
        throw new IOException("gVisor has started no gofer: " + Crun.log(folder));
    }

    private static String command(int process) {
        try {
            return Files.readString(Path.of("/proc/" + process + "/cmdline"));
        } catch (IOException e) {
            return ""; // it has ended
        }
    }

    private static Path gofer(SandboxFolder folder) {
        return folder.bundle().resolve("gofer");
    }

    @Override
    public Path files(SandboxFolder folder, int process) throws IOException {
        int gofer = Integer.parseInt(Files.readString(gofer(folder)).strip());
        if (!groups.holds(folder.id(), gofer)) {
            throw new IOException("the gofer of " + folder.id() + " has ended");
        }
        return Path.of("/proc/" + gofer + "/root");
    }

    @Override
    public InitDoor door(SandboxFolder folder, int process) throws IOException {
        return AnsweringDoor.open(folder.door(), () -> groups.holds(folder.id(), process));
    }

    @Override
    public Ports ports(SandboxFolder folder, int process) throws IOException {
        return new InnerPorts(
                folder.id(),
                InitNamespace.of(folder.id(), process),
                new PortForward(folder.id(), state.resolve(folder.id().value())),
                () -> groups.holds(folder.id(), process));
    }

    @Override
    public void forget(SandboxId id) throws IOException {
        Trees.delete(state.resolve(id.value()));
    }

    @Override
    public Set<SandboxId> remembered() throws IOException {
        return DiskFolders.ids(state);
    }

    private Path readable(Path init) throws IOException {
        Path copy = mounts.resolve("carrel-init-gvisor");
        if (!Files.exists(copy)) {
            Path half = Files.createTempFile(mounts, "init", "");
            Files.write(half, Files.readAllBytes(init));
            Files.setPosixFilePermissions(half, PosixFilePermissions.fromString("r-xr-xr-x"));
            Files.move(half, copy, StandardCopyOption.ATOMIC_MOVE);
        }
        return copy;
    }

    private static Root rootOf(OciConfig config) throws LinuxException {
        int flags = Linux.O_PATH | Linux.O_DIRECTORY;
        return new Root(Linux.open(config.root().toString(), flags, 0), IdMap.BASE);
    }
}
