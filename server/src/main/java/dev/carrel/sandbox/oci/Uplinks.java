package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Subnet;
import dev.carrel.sandbox.egress.Egress;
import dev.carrel.sandbox.egress.EgressSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// How each sandbox reaches what its policy lets it reach: its address, its link, its fence in the
/// firewall, and its place in resolver and proxy. What closes is always done first, what opens
/// last: the link comes up when all else is in force, and goes before anything else does.
///
/// The index of the address and the fence are written beside the sandbox. Calls for one sandbox
/// never overlap.
final class Uplinks implements AutoCloseable {
    private final SandboxNetwork network;
    private final ClosedRanges closed;
    private final Egress egress;
    private final Firewall firewall;

    // Held over I/O: what nft is told must be told in order.
    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`: the fences in force, by index; those without one are not here.
    private final Map<Integer, Fence> fences;

    private Uplinks(
            SandboxNetwork network,
            ClosedRanges closed,
            Egress egress,
            Firewall firewall,
            Map<Integer, Fence> fences) {
        this.network = network;
        this.closed = closed;
        this.egress = egress;
        this.firewall = firewall;
        this.fences = new HashMap<>(fences);
    }

    /// Sets the network up for the sandboxes that there are. They get no answers from resolver and
    /// proxy until [#change].
    static Uplinks open(Instance instance, NetworkSettings settings, List<SandboxFolder> known)
            throws IOException {
        Map<Integer, Fence> fences = new HashMap<>();
        for (SandboxFolder folder : known) {
            OptionalInt index = address(folder);
            if (index.isPresent()) {
                fences.put(index.getAsInt(), fence(folder));
            }
        }
        SandboxNetwork network =
                SandboxNetwork.open(instance, settings.subnet(), List.copyOf(fences.keySet()));
        fences.values().removeIf(Fence.NONE::equals);
        InetAddress gateway = InetAddress.ofLiteral(network.gateway());
        Egress egress =
                Egress.open(
                        new EgressSettings(
                                gateway,
                                nameServers(settings),
                                settings.closed(),
                                authority(instance),
                                trust()));
        boolean complete = false;
        try {
            var firewall =
                    new Firewall(
                            instance.firewallTable(),
                            instance.bridge(),
                            network.subnet(),
                            egress.ports());
            firewall.apply(fences);
            complete = true;
            return new Uplinks(network, settings.closed(), egress, firewall, fences);
        } finally {
            if (!complete) {
                egress.close();
            }
        }
    }

    private static Path authority(Instance instance) {
        return instance.home().resolve("keys").resolve("egress-ca.p12");
    }

    /// As for most programs, the usual variable names another bundle.
    private static Optional<Path> trust() {
        return Optional.ofNullable(System.getenv("SSL_CERT_FILE")).map(Path::of);
    }

    private void trust(NetworkPolicy policy, Path files) throws IOException {
        if (!policy.secrets().isEmpty()) {
            TrustFiles.write(files, egress.certificate());
        }
    }

    private static Supplier<List<InetSocketAddress>> nameServers(NetworkSettings settings) {
        return settings.nameServers().isEmpty() ? new HostNameServers() : settings::nameServers;
    }

    /// Fails with `INVALID_REQUEST` for a policy that the operator does not permit.
    void check(NetworkPolicy policy) {
        closed.check(policy);
    }

    /// Where sandboxes ask for names.
    String gateway() {
        return network.gateway();
    }

    Subnet subnet() {
        return network.subnet();
    }

    /// Before it starts: gives it an address, if it is to have one and has none, and its fence.
    void reserve(SandboxFolder folder, NetworkPolicy policy) throws IOException {
        if (!policy.internet()) {
            release(folder);
            return;
        }
        OptionalInt known = address(folder);
        int index = known.isPresent() ? known.getAsInt() : network.allocate();
        if (known.isEmpty()) {
            write(folder.address(), Integer.toString(index));
        }
        fence(folder, index, Fence.of(policy, closed));
    }

    /// Where in the network a sandbox is, as far as its inside knows.
    String place(SandboxFolder folder) throws IOException {
        OptionalInt index = address(folder);
        return index.isPresent() ? gateway() + " " + index.getAsInt() : "nowhere";
    }

    /// When its pid 1 runs: connects it, if it has an address. `files` is where its files are seen.
    void connect(SandboxFolder folder, NetworkPolicy policy, int process, Path files)
            throws IOException {
        OptionalInt index = address(folder);
        if (policy.internet() && index.isPresent()) {
            trust(policy, files);
            egress.put(bits(index.getAsInt()), policy);
            network.attach(index.getAsInt(), process);
        }
    }

    /// Puts a policy in force for one that runs, whatever there was before; a new server does so
    /// for each that it finds. On failure the old policy is in force, or nothing can be reached.
    void change(SandboxFolder folder, NetworkPolicy policy, int process, Path files)
            throws IOException {
        if (!policy.internet()) {
            disconnect(folder);
            release(folder);
            return;
        }
        reserve(folder, policy);
        int index = address(folder).orElseThrow();
        trust(policy, files);
        egress.put(bits(index), policy);
        if (!network.isAttached(index)) {
            network.attach(index, process);
        }
    }

    /// Fails with `NOT_SUPPORTED` when a sandbox that takes no link while it runs would need one.
    void requireLinked(SandboxFolder folder, NetworkPolicy policy) throws IOException {
        OptionalInt index = address(folder);
        boolean linked = index.isPresent() && network.isAttached(index.getAsInt());
        if (policy.internet() && !linked) {
            throw CarrelException.ofParam(
                    ErrorCode.NOT_SUPPORTED,
                    "network",
                    "sandbox %s gets a network only when it starts, because of its isolation: stop"
                                    .formatted(folder.id())
                            + " it, change it, and start it again");
        }
    }

    /// When it has stopped, or is to lose its network. Does nothing when it has none.
    void disconnect(SandboxFolder folder) throws IOException {
        OptionalInt index = address(folder);
        if (index.isPresent()) {
            network.detach(index.getAsInt());
            egress.remove(bits(index.getAsInt()));
        }
    }

    /// When it is not connected: takes its address and its fence.
    void release(SandboxFolder folder) throws IOException {
        OptionalInt index = address(folder);
        if (index.isPresent()) {
            Files.deleteIfExists(folder.address());
            release(folder, index.getAsInt());
        }
    }

    private void release(SandboxFolder folder, int index) throws IOException {
        // The next one with this address must not find the fence: else it is not given again.
        inForce(index, Fence.NONE);
        Files.deleteIfExists(folder.fence());
        network.release(index);
    }

    @Override
    public void close() {
        try {
            egress.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /// Takes everything off the host.
    void remove() throws IOException {
        network.remove();
        Firewall.remove(firewall.table());
    }

    private void fence(SandboxFolder folder, int index, Fence fence) throws IOException {
        if (fence.equals(Fence.NONE)) {
            inForce(index, fence);
            Files.deleteIfExists(folder.fence());
        } else {
            write(folder.fence(), fence.text());
            inForce(index, fence);
        }
    }

    private void inForce(int index, Fence fence) throws IOException {
        lock.lock();
        try {
            Fence before = fences.getOrDefault(index, Fence.NONE);
            if (!before.equals(fence)) {
                firewall.change(index, before, fence);
                fences.put(index, fence);
                fences.remove(index, Fence.NONE);
            }
        } finally {
            lock.unlock();
        }
    }

    private int bits(int index) {
        return network.subnet().first() + index;
    }

    /// The index of the sandbox's address, if it has one.
    static OptionalInt address(SandboxFolder folder) throws IOException {
        try {
            return OptionalInt.of(Integer.parseInt(Files.readString(folder.address()).strip()));
        } catch (NoSuchFileException e) {
            return OptionalInt.empty();
        } catch (NumberFormatException e) {
            // Power was lost while it was written: nothing runs, and a new one is as good.
            return OptionalInt.empty();
        }
    }

    private static Fence fence(SandboxFolder folder) throws IOException {
        try {
            return Fence.parse(Files.readString(folder.fence()));
        } catch (NoSuchFileException e) {
            return Fence.NONE;
        }
    }

    private static void write(Path file, String text) throws IOException {
        Path half = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(half, text);
        Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
