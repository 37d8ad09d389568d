package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// Starts virtual machines with Kata Containers, through its shim. On the host they are the shim,
/// the processes that it starts for the machine and its files, and a relay of ours: the two pipes
/// that pid 1 has as its input and output end there, and servers connect to it.
///
/// The shim is asked for little: all of it is in one control group, by which it is paused and
/// ended.
final class Kata implements Engine {
    /// The shim, the machine monitor and the file server themselves.
    private static final int OVERHEAD_MIB = 256;

    /// What is counted on the host are their threads; the sandbox's processes are inside.
    private static final int THREADS = 1024;

    private final ShimStart shim;
    private final ControlGroups groups;

    Kata(ShimStart shim, ControlGroups groups) {
        this.shim = shim;
        this.groups = groups;
    }

    @Override
    public Isolation isolation() {
        return Isolation.MICROVM;
    }

    @Override
    public Resources onHost(Resources inside) {
        int more = OVERHEAD_MIB + KataInstall.find().map(KataInstall::memoryMib).orElse(0);
        return new Resources(
                inside.cpus(),
                Math.min(inside.memoryMib() + more, Resources.MEMORY_MIB_MAX),
                inside.diskMib(),
                Math.min(inside.processesMax() + THREADS, Resources.PROCESSES_MAX));
    }

    @Override
    public boolean takesLinksLater() {
        return false;
    }

    @Override
    public int run(SandboxFolder folder, OciConfig config, Link link) throws IOException {
        List<Path> own = new OwnGroup(groups).make(folder.id(), onHost(config.resources()));
        Files.write(folder.config(), new KataConfig(config, "/proc/self/ns/net").toJson());
        ShimAddress address = shim.run(folder, config, own);
        int relay = Integer.parseInt(Files.readString(folder.relayPid()).strip());
        ShimTask task = ShimTask.at(address, rootOf(relay), folder.id().value());
        int process = task.process();
        if (!groups.holds(folder.id(), process)) {
            throw new IOException("the shim says that it is process " + process);
        }
        link.attach(process, files(folder, process));
        String network = "/proc/" + process + "/ns/net";
        Files.write(folder.config(), new KataConfig(config, network).toJson());
        task.create(ShimStart.BUNDLE, ShimStart.BUNDLE.resolve(folder.log().getFileName()));
        task.start();
        Files.writeString(folder.shim(), address.version() + " " + address.socket());
        Files.writeString(folder.pid(), Integer.toString(process));
        return process;
    }

    @Override
    public void complete(int process, Link link) {}

    @Override
    public void resize(SandboxFolder folder, int process, Resources inside) throws IOException {
        String[] said = Files.readString(folder.shim()).split(" ", 2);
        var address = new ShimAddress(Path.of(said[1]), Integer.parseInt(said[0]));
        ShimTask.at(address, rootOf(process), folder.id().value()).update(inside);
    }

    @Override
    public Path files(SandboxFolder folder, int process) {
        return Path.of(rootOf(process) + ShimStart.ROOTFS.toString());
    }

    @Override
    public InitDoor door(SandboxFolder folder, int process) {
        return InitDoor.calling(new RunDirectory(folder.bundle()));
    }

    @Override
    public Ports ports(SandboxFolder folder, int process) throws IOException {
        return new InnerPorts(
                folder.id(),
                InitNamespace.of(folder.id(), process),
                new RelayCall(folder),
                () -> groups.holds(folder.id(), process));
    }

    // All that it has is in its groups and its folder.
    @Override
    public void forget(SandboxId id) {}

    @Override
    public Set<SandboxId> remembered() {
        return Set.of();
    }

    private static Path rootOf(int process) {
        return Path.of("/proc/" + process + "/root");
    }
}
