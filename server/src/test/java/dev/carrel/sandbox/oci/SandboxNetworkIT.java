package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Subnet;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What packets of sandboxes reach.
class SandboxNetworkIT extends NetworkStage {
    @Test
    void sandboxReachesTheInternetAndNothingElse() throws Exception {
        internet();
        Process sandbox = sandbox(NetworkPolicy.ON);
        Process neighbour = sandbox(NetworkPolicy.ON);
        serve(neighbour);
        String gateway = uplinks.gateway();
        try (var onHost = new ServerSocket(PORT, 10, InetAddress.getByName("0.0.0.0"))) {
            assertThat(onHost.isBound()).isTrue();

            assertThat(get(sandbox, PUBLIC)).isEqualTo("hello");
            assertThat(get(sandbox, PRIVATE)).isEmpty();
            assertThat(get(sandbox, gateway)).isEmpty();
            assertThat(get(sandbox, hostAddress())).isEmpty();
            assertThat(get(sandbox, address(neighbour))).isEmpty();
            assertThat(get(sandbox, "169.254.169.254")).isEmpty();
            assertThat(get(sandbox, "127.0.0.1")).isEmpty();
        }
        // The neighbour does serve, seen from itself.
        assertThat(get(neighbour, "127.0.0.1")).isEqualTo("hello");
    }

    @Test
    void nobodyOutsideReachesASandbox() throws Exception {
        Process internet = internet();
        Process sandbox = sandbox(NetworkPolicy.ON);
        serve(sandbox);
        String address = address(sandbox);
        inside(internet, "ip", "route", "add", "default", "via", "11.7.7.1").orFail();

        assertThat(get(internet, address)).isEmpty();
    }

    @Test
    void secondOpeningKeepsSubnetAndLinks() throws Exception {
        internet();
        Process sandbox = sandbox(NetworkPolicy.ON);
        Subnet subnet = uplinks.subnet();

        uplinks.close();
        uplinks = Uplinks.open(instance, NetworkSettings.DEFAULT, folders());

        assertThat(uplinks.subnet()).isEqualTo(subnet);
        assertThat(address(sandbox(NetworkPolicy.ON))).isEqualTo(subnet.address(3));
        assertThat(get(sandbox, PUBLIC)).isEqualTo("hello");
    }

    @Test
    void gatewayKeepsItsAddressWhenSandboxesComeAndGo() throws Exception {
        Path file = Path.of("/sys/class/net/" + instance.bridge() + "/address");
        String before = Files.readString(file);

        Process sandbox = sandbox(NetworkPolicy.ON);
        String with = Files.readString(file);
        uplinks.disconnect(folders.get(sandbox));

        assertThat(with).isEqualTo(before);
        assertThat(Files.readString(file)).isEqualTo(before);
    }

    @Test
    void oneSandboxCannotFillTheHostsTableOfConnections() throws Exception {
        internet();
        Process greedy = sandbox(NetworkPolicy.ON);
        Process modest = sandbox(NetworkPolicy.ON);
        // Until the neighbours on the way are known, the kernel drops most of a burst.
        assertThat(get(greedy, PUBLIC)).isEqualTo("hello");
        long before = connections();

        String python =
                """
                import socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                for port in range(10000, 10000 + 2 * %d):
                    try: s.sendto(b'x', ('%s', port))
                    except OSError: pass
                """
                        .formatted(Firewall.CONNECTIONS_MAX, PUBLIC);
        inside(greedy, "python3", "-c", python).orFail();

        assertThat(connections() - before)
                .isBetween(Firewall.CONNECTIONS_MAX / 2L, Firewall.CONNECTIONS_MAX * 3 / 2L);
        assertThat(get(greedy, PUBLIC)).isEmpty();
        assertThat(get(modest, PUBLIC)).isEqualTo("hello");
    }

    private static long connections() throws IOException {
        String file = "/proc/sys/net/netfilter/nf_conntrack_count";
        return Long.parseLong(HostCommand.of("cat", file).run().orFail().out().strip());
    }

    @Test
    void twoInstancesHaveTheirOwnAddresses(@TempDir Path elsewhere) throws Exception {
        Instance second = Instance.of(elsewhere);
        Uplinks other = Uplinks.open(second, NetworkSettings.DEFAULT, List.of());
        try {
            assertThat(other.subnet().overlaps(uplinks.subnet())).isFalse();
        } finally {
            other.close();
            other.remove();
            Trees.delete(second.runtime());
        }
        assertThat(Files.readString(Path.of("/proc/sys/net/ipv4/ip_forward")).strip())
                .as("the first still needs it")
                .isEqualTo("1");
    }

    @Test
    void subnetOfTheConfigurationMustBeFree(@TempDir Path elsewhere) throws Exception {
        Instance second = Instance.of(elsewhere);
        String taken = uplinks.subnet().toString();

        assertThatThrownBy(() -> SandboxNetwork.open(second, Optional.of(taken), List.of()))
                .isInstanceOf(CarrelException.class)
                .hasMessageContaining(taken);
        Trees.delete(second.runtime());
    }

    @Test
    void rangesAreAllowedAndDenied() throws Exception {
        internet();

        assertThat(get(sandbox(rules("11.7.7.0/24", "")), PUBLIC)).isEqualTo("hello");
        assertThat(get(sandbox(rules("11.7.8.0/24", "")), PUBLIC)).isEmpty();
        assertThat(get(sandbox(rules("", PUBLIC)), PUBLIC)).isEmpty();
        assertThat(get(sandbox(rules("", "11.7.7.8")), PUBLIC)).isEqualTo("hello");
        assertThat(get(sandbox(rules("11.7.7.0/24", PUBLIC)), PUBLIC)).isEmpty();
        assertThat(get(sandbox(rules("0.0.0.0/0", "")), PUBLIC)).isEqualTo("hello");
        assertThat(get(sandbox(rules("0.0.0.0/0", "")), PRIVATE)).isEmpty();
    }

    @Test
    void operatorOpensPrivateRangesToThoseWhoAskForThem() throws Exception {
        uplinks.close();
        var range = Subnet.parse("10.254.0.0/16").orElseThrow();
        var settings =
                new NetworkSettings(Optional.empty(), new ClosedRanges(List.of(range)), List.of());
        uplinks = Uplinks.open(instance, settings, List.of());
        internet();
        Process neighbour = sandbox(NetworkPolicy.ON);
        serve(neighbour);

        assertThat(get(sandbox(rules("10.254.77.0/24", "")), PRIVATE)).isEqualTo("hello");
        assertThat(get(sandbox(rules("10.254.77.0/24", PRIVATE)), PRIVATE)).isEmpty();
        assertThat(get(sandbox(NetworkPolicy.ON), PRIVATE)).isEmpty();
        assertThat(get(sandbox(rules("0.0.0.0/0", "")), PRIVATE)).isEmpty();
        assertThatThrownBy(() -> uplinks.check(rules("10.0.0.0/8", "")))
                .hasMessageContaining("network.private_allow");
        assertThatThrownBy(() -> uplinks.check(rules("169.254.169.254", "")))
                .hasMessageContaining("never open");
        assertThatThrownBy(() -> uplinks.check(rules(address(neighbour), "")))
                .hasMessageContaining("is private");
    }

    @Test
    void changeTakesEffectAtOnceAndOnOpenConnections() throws Exception {
        internet();
        Process sandbox = sandbox(NetworkPolicy.OFF);
        assertThat(get(sandbox, PUBLIC)).isEmpty();

        change(sandbox, NetworkPolicy.ON);
        assertThat(get(sandbox, PUBLIC)).isEqualTo("hello");
        try (var open = new OpenConnection(sandbox)) {
            assertThat(open.says()).isEqualTo("hello");
            change(sandbox, rules("", PUBLIC));
            assertThat(open.says()).isEqualTo("closed");
        }
        assertThat(get(sandbox, PUBLIC)).isEmpty();

        change(sandbox, rules(PUBLIC, ""));
        assertThat(get(sandbox, PUBLIC)).isEqualTo("hello");
        change(sandbox, NetworkPolicy.OFF);
        assertThat(get(sandbox, PUBLIC)).isEmpty();
        change(sandbox, NetworkPolicy.ON);
        assertThat(get(sandbox, PUBLIC)).isEqualTo("hello");
    }

    @Test
    void newServerPutsFencesInForceBeforeItLooksAnythingUp() throws Exception {
        internet();
        Process sandbox = sandbox(rules("", PUBLIC));

        uplinks.close();
        uplinks = Uplinks.open(instance, NetworkSettings.DEFAULT, folders());
        assertThat(get(sandbox, PUBLIC)).isEmpty();

        // Its row says otherwise: that counts.
        change(sandbox, NetworkPolicy.ON);
        assertThat(get(sandbox, PUBLIC)).isEqualTo("hello");
    }

    @Test
    void nextOneWithTheSameAddressFindsNoFence() throws Exception {
        internet();
        Process sandbox = sandbox(rules("", PUBLIC));
        uplinks.disconnect(folders.get(sandbox));
        uplinks.release(folders.get(sandbox));
        String rules = TestHost.out("nft", "list", "table", "inet", instance.firewallTable());
        assertThat(rules).doesNotContain("fence2");

        assertThat(get(sandbox(NetworkPolicy.ON), PUBLIC)).isEqualTo("hello");
    }

    @Test
    void sandboxCannotUseAnothersAddresses() throws Exception {
        internet();
        Process honest = sandbox(NetworkPolicy.ON);
        Process liar = sandbox(NetworkPolicy.ON);
        assertThat(get(honest, PUBLIC)).isEqualTo("hello");
        String victim = address(honest);

        // Its own hardware address, with the other's address: neither packets nor ARP pass.
        inside(liar, "ip", "address", "add", victim + "/20", "dev", "eth0").orFail();
        inside(liar, "ip", "route", "change", "default", "via", uplinks.gateway(), "src", victim);
        assertThat(get(liar, PUBLIC)).isEmpty();
        // The other's hardware address, with its own address.
        inside(liar, "ip", "address", "del", victim + "/20", "dev", "eth0").orFail();
        String hardware = AddressPins.hardwareAddress(uplinks.subnet(), 2);
        inside(liar, "ip", "link", "set", "eth0", "address", hardware).orFail();
        assertThat(get(liar, PUBLIC)).isEmpty();

        String neighbours = TestHost.out("ip", "neigh", "show", "dev", instance.bridge());
        assertThat(neighbours.lines().filter(line -> line.startsWith(victim + " ")))
                .allMatch(line -> line.contains(hardware) || line.contains("FAILED"));
        assertThat(get(honest, PUBLIC)).isEqualTo("hello");
    }

    @Test
    void nameServersElsewhereAreClosed() throws Exception {
        internet();
        Process sandbox = sandbox(NetworkPolicy.ON);

        for (int port : List.of(53, 853)) {
            String python =
                    """
                    import socket
                    try: socket.create_connection(('%s', %d), 1)
                    except OSError as e: print(e.errno)
                    """
                            .formatted(PUBLIC, port);
            assertThat(inside(sandbox, "python3", "-c", python).orFail().out().strip())
                    .isEqualTo("111");
        }
    }

    @Test
    void freedAddressIsGivenAgain() throws Exception {
        SandboxFolder first = folder();
        SandboxFolder second = folder();
        uplinks.reserve(first, NetworkPolicy.ON);
        uplinks.reserve(second, NetworkPolicy.ON);
        int freed = Uplinks.address(first).orElseThrow();
        uplinks.release(first);
        SandboxFolder third = folder();
        uplinks.reserve(third, NetworkPolicy.ON);

        assertThat(Uplinks.address(third)).hasValue(freed);
        assertThat(Uplinks.address(second).orElseThrow()).isNotEqualTo(freed);
    }
}
