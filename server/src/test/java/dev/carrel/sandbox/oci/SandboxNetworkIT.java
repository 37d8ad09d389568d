package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Sandboxes are played by processes with a network namespace of their own, and so is the internet:
/// one that has a public address, routed on this host only.
class SandboxNetworkIT {
    private static final String PUBLIC = "11.7.7.7";
    private static final String PRIVATE = "10.254.77.7";
    private static final int PORT = 8080;

    @TempDir Path home;
    private final List<Process> processes = new ArrayList<>();
    private Instance instance;
    private SandboxNetwork network;

    @BeforeEach
    void open() throws IOException {
        instance = Instance.of(home);
        network = SandboxNetwork.open(instance, Optional.empty(), List.of());
    }

    @AfterEach
    void remove() throws Exception {
        for (Process process : processes) {
            process.destroyForcibly();
            process.waitFor(10, TimeUnit.SECONDS);
        }
        network.remove();
        Trees.delete(instance.runtime());
        // The kernel takes links down a moment after the namespace they lead to.
        Eventually.holds(
                () -> !HostCommand.of("ip", "link").run().out().contains(instance.bridge()));
        assertThat(HostCommand.of("nft", "list", "tables").run().out())
                .doesNotContain(instance.firewallTable());
    }

    @Test
    void sandboxReachesTheInternetAndNothingElse() throws Exception {
        internet();
        Process sandbox = sandbox(network.allocate());
        int other = network.allocate();
        Process neighbour = sandbox(other);
        serve(neighbour);
        String gateway = network.subnet().address(1);
        try (var onHost = new ServerSocket(PORT, 10, InetAddress.getByName("0.0.0.0"))) {
            assertThat(onHost.isBound()).isTrue();

            assertThat(get(sandbox, PUBLIC)).isEqualTo("hello");
            assertThat(get(sandbox, PRIVATE)).isEmpty();
            assertThat(get(sandbox, gateway)).isEmpty();
            assertThat(get(sandbox, hostAddress())).isEmpty();
            assertThat(get(sandbox, network.subnet().address(other))).isEmpty();
            assertThat(get(sandbox, "169.254.169.254")).isEmpty();
            assertThat(get(sandbox, "127.0.0.1")).isEmpty();
        }
        // The neighbour does serve, seen from itself.
        assertThat(get(neighbour, "127.0.0.1")).isEqualTo("hello");
    }

    @Test
    void nobodyOutsideReachesASandbox() throws Exception {
        Process internet = internet();
        int index = network.allocate();
        serve(sandbox(index));
        String address = network.subnet().address(index);
        inside(internet, "ip", "route", "add", "default", "via", "11.7.7.1").orFail();

        assertThat(get(internet, address)).isEmpty();
    }

    @Test
    void secondOpeningKeepsSubnetAndLinks() throws Exception {
        internet();
        Process sandbox = sandbox(network.allocate());

        SandboxNetwork again = SandboxNetwork.open(instance, Optional.empty(), List.of(2));

        assertThat(again.subnet()).isEqualTo(network.subnet());
        assertThat(again.allocate()).isEqualTo(3);
        assertThat(get(sandbox, PUBLIC)).isEqualTo("hello");
    }

    @Test
    void gatewayKeepsItsAddressWhenSandboxesComeAndGo() throws Exception {
        Path file = Path.of("/sys/class/net/" + instance.bridge() + "/address");
        String before = Files.readString(file);

        int index = network.allocate();
        sandbox(index);
        String with = Files.readString(file);
        network.detach(index);

        assertThat(with).isEqualTo(before);
        assertThat(Files.readString(file)).isEqualTo(before);
    }

    @Test
    void oneSandboxCannotFillTheHostsTableOfConnections() throws Exception {
        internet();
        Process greedy = sandbox(network.allocate());
        Process modest = sandbox(network.allocate());
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
        SandboxNetwork other = SandboxNetwork.open(second, Optional.empty(), List.of());
        try {
            assertThat(other.subnet().overlaps(network.subnet())).isFalse();
        } finally {
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
        String taken = network.subnet().toString();

        assertThatThrownBy(() -> SandboxNetwork.open(second, Optional.of(taken), List.of()))
                .isInstanceOf(CarrelException.class)
                .hasMessageContaining(taken);
        Trees.delete(second.runtime());
    }

    @Test
    void freedAddressIsGivenAgain() {
        int first = network.allocate();
        int second = network.allocate();
        network.release(first);

        assertThat(network.allocate()).isEqualTo(first);
        assertThat(second).isNotEqualTo(first);
    }

    private Process sandbox(int index) throws Exception {
        Process process = namespace();
        network.attach(index, Math.toIntExact(process.pid()));
        return process;
    }

    /// A server at a public and a private address behind a link of this host.
    private Process internet() throws Exception {
        Process process = namespace();
        String batch =
                """
                link add crltest0 type veth peer name eth0 netns %d
                address add 11.7.7.1/24 dev crltest0
                link set crltest0 up
                route add 10.254.77.0/24 dev crltest0
                """
                        .formatted(process.pid());
        HostCommand.of("ip", "-batch", "-").withStdin(batch).run().orFail();
        inside(process, "ip", "link", "set", "lo", "up").orFail();
        inside(process, "ip", "address", "add", PUBLIC + "/24", "dev", "eth0").orFail();
        inside(process, "ip", "address", "add", PRIVATE + "/24", "dev", "eth0").orFail();
        inside(process, "ip", "link", "set", "eth0", "up").orFail();
        serve(process);
        return process;
    }

    private Process namespace() throws IOException {
        Process process =
                new ProcessBuilder("unshare", "--net", "--", "sh", "-c", "echo; exec sleep 300")
                        .start();
        processes.add(process);
        assertThat(process.getInputStream().read()).isEqualTo('\n');
        return process;
    }

    private void serve(Process namespace) throws Exception {
        String python =
                """
                import socket
                s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(('0.0.0.0', %d)); s.listen(10); print(flush=True)
                while True:
                    c, _ = s.accept(); c.sendall(b'hello'); c.close()
                """
                        .formatted(PORT);
        Process server =
                new ProcessBuilder(
                                "nsenter", "--net=" + net(namespace), "--", "python3", "-c", python)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        processes.add(server);
        try (OutputStream none = server.getOutputStream()) {
            none.write("".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(server.getInputStream().read()).isEqualTo('\n');
    }

    /// What a server at this address says; empty if it cannot be reached within a second.
    private static String get(Process from, String address) throws IOException {
        String python =
                """
                import socket
                try:
                    c = socket.create_connection(('%s', %d), 1); print(c.recv(99).decode(), end='')
                except OSError: pass
                """
                        .formatted(address, PORT);
        return inside(from, "python3", "-c", python).orFail().out();
    }

    private static HostCommand.Result inside(Process namespace, String... command)
            throws IOException {
        List<String> line = new ArrayList<>(List.of("nsenter", "--net=" + net(namespace), "--"));
        line.addAll(List.of(command));
        return HostCommand.of(line).run();
    }

    private static String net(Process process) {
        return "/proc/" + process.pid() + "/ns/net";
    }

    private static String hostAddress() throws IOException {
        return HostCommand.of("hostname", "-I").run().out().split(" ")[0];
    }
}
