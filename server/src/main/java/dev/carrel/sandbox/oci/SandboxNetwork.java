package dev.carrel.sandbox.oci;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.Subnet;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The links of an instance: a bridge whose ports do not see each other, and an address for each
/// sandbox that has a network. What an earlier process set up is taken over.
final class SandboxNetwork {
    /// The bridge's own address; sandboxes come after it.
    static final int GATEWAY = 1;

    /// So many addresses at most, whatever the range has: each has an entry in the firewall.
    private static final int INDEX_MAX = 16_384;

    private static final int MTU_MAX = 1500;
    private static final Path LOCK = Path.of("/run/carrel-network.lock");
    private static final Path LINKS = Path.of("/sys/class/net");
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final Instance instance;
    private final Subnet subnet;
    private final int mtu;

    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`: the indexes that are given away.
    private final BitSet given = new BitSet();

    private SandboxNetwork(Instance instance, Subnet subnet, int mtu) {
        this.instance = instance;
        this.subnet = subnet;
        this.mtu = mtu;
    }

    /// Sets up what is missing. `taken` are the indexes that sandboxes have already.
    static SandboxNetwork open(Instance instance, Optional<String> preference, List<Integer> taken)
            throws IOException {
        Files.createDirectories(instance.runtime());
        // Instances that start together must not choose the same addresses.
        try (FileChannel channel = FileChannel.open(LOCK, CREATE, WRITE);
                var held = channel.lock()) {
            assert held.isValid();
            String bridge = instance.bridge();
            Optional<Subnet> existing = subnetOf(bridge);
            Subnet subnet = existing.isPresent() ? existing.get() : choose(instance, preference);
            int mtu = uplinkMtu();
            if (existing.isEmpty()) {
                makeBridge(instance, subnet, mtu);
            }
            // Not there on a host that was started without IPv6.
            if (Files.exists(ipv6Switch(bridge))) {
                Files.writeString(ipv6Switch(bridge), "1");
            }
            Forwarding.require(instance);
            var network = new SandboxNetwork(instance, subnet, mtu);
            taken.forEach(network.given::set);
            return network;
        }
    }

    Subnet subnet() {
        return subnet;
    }

    /// The bridge's address, which sandboxes send everything to.
    String gateway() {
        return subnet.address(GATEWAY);
    }

    /// The highest index that a sandbox can have: above it is the broadcast address.
    static int last(Subnet subnet) {
        return (int) Math.min(INDEX_MAX, subnet.size() - 2);
    }

    /// Gives away an index. Fails with `TOO_MANY_SANDBOXES` when there are no more addresses.
    int allocate() {
        lock.lock();
        try {
            int index = given.nextClearBit(GATEWAY + 1);
            if (index > last(subnet)) {
                throw new CarrelException(
                        ErrorCode.TOO_MANY_SANDBOXES,
                        "all %d addresses for sandboxes with a network are in use; delete some"
                                .formatted(last(subnet) - GATEWAY));
            }
            given.set(index);
            return index;
        } finally {
            lock.unlock();
        }
    }

    void release(int index) {
        lock.lock();
        try {
            given.clear(index);
        } finally {
            lock.unlock();
        }
    }

    /// Gives a running sandbox its address. The link goes away with the process's namespace.
    void attach(int index, int process) throws IOException {
        String link = instance.hostLink(index);
        Veth.remove(link);
        new Veth(link, instance.bridge(), mtu)
                .make(process, AddressPins.hardwareAddress(subnet, index));
        Veth.configure(
                process,
                bytes(subnet.address(index)),
                subnet.prefix(),
                bytes(subnet.address(GATEWAY)));
    }

    private static byte[] bytes(String address) {
        return InetAddress.ofLiteral(address).getAddress();
    }

    boolean isAttached(int index) {
        return Files.exists(LINKS.resolve(instance.hostLink(index)));
    }

    /// Takes the link of an index away; does nothing when there is none.
    void detach(int index) throws IOException {
        Veth.remove(instance.hostLink(index));
    }

    /// Takes bridge and forwarding off the host.
    void remove() throws IOException {
        try (FileChannel channel = FileChannel.open(LOCK, CREATE, WRITE);
                var held = channel.lock()) {
            assert held.isValid();
            removeLink(instance.bridge());
            Forwarding.release(instance);
        }
    }

    private static void removeLink(String name) throws IOException {
        if (Files.exists(LINKS.resolve(name))) {
            HostCommand.Result result = HostCommand.of("ip", "link", "delete", name).run();
            // Between the look and the call it may have gone by itself.
            if (Files.exists(LINKS.resolve(name))) {
                result.orFail();
            }
        }
    }

    // With an address of its own: the kernel would give it the lowest of its ports' otherwise, and
    // sandboxes would lose their gateway for a while whenever another one comes or goes.
    private static void makeBridge(Instance instance, Subnet subnet, int mtu) throws IOException {
        String bridge = instance.bridge();
        removeLink(bridge);
        String batch =
                """
                link add %1$s address %5$s mtu %2$d type bridge forward_delay 0
                address add %3$s/%4$d dev %1$s
                link set %1$s up
                """
                        .formatted(
                                bridge,
                                mtu,
                                subnet.address(GATEWAY),
                                subnet.prefix(),
                                instance.bridgeAddress());
        HostCommand.of("ip", "-batch", "-").withStdin(batch).run().orFail();
    }

    private static Subnet choose(Instance instance, Optional<String> preference)
            throws IOException {
        List<Subnet> taken = SubnetChoice.taken();
        if (preference.isPresent()) {
            Subnet wanted =
                    Subnet.parse(preference.get())
                            .filter(parsed -> parsed.prefix() >= 8 && parsed.prefix() <= 29)
                            .orElseThrow(() -> unusable(preference.get(), "is not one"));
            if (!SubnetChoice.isFree(wanted, taken)) {
                throw unusable(preference.get(), "overlaps an address or route of this host");
            }
            return wanted;
        }
        return SubnetChoice.choose(taken, Integer.parseInt(instance.id(), 16))
                .orElseThrow(() -> new IOException("no free range of addresses on this host"));
    }

    private static CarrelException unusable(String subnet, String why) {
        return new CarrelException(
                ErrorCode.INVALID_REQUEST,
                "the configured range of sandbox addresses '%s' %s; write one like 10.20.0.0/20"
                        .formatted(subnet, why));
    }

    private static Optional<Subnet> subnetOf(String bridge) throws IOException {
        if (!Files.exists(LINKS.resolve(bridge))) {
            return Optional.empty();
        }
        String output =
                HostCommand.of("ip", "-j", "-4", "address", "show", "dev", bridge)
                        .run()
                        .orFail()
                        .out();
        for (JsonNode link : JSON.readTree(output)) {
            for (JsonNode address : link.path("addr_info")) {
                return Subnet.parse(
                        address.path("local").asText() + "/" + address.path("prefixlen").asInt());
            }
        }
        return Optional.empty();
    }

    /// Packets of sandboxes must fit through what leads out, which tells nobody when they do not.
    private static int uplinkMtu() throws IOException {
        String routes =
                HostCommand.of("ip", "-j", "-4", "route", "show", "default").run().orFail().out();
        List<Integer> mtus = new ArrayList<>(List.of(MTU_MAX));
        for (JsonNode route : JSON.readTree(routes.isBlank() ? "[]" : routes)) {
            Path file = LINKS.resolve(route.path("dev").asText("lo")).resolve("mtu");
            if (Files.exists(file)) {
                mtus.add(Integer.valueOf(Files.readString(file).strip()));
            }
        }
        return mtus.stream().min(Integer::compare).orElse(MTU_MAX);
    }

    private static Path ipv6Switch(String link) {
        return Path.of("/proc/sys/net/ipv6/conf/" + link + "/disable_ipv6");
    }
}
