package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.NetworkTarget;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Subnet;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
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
    private final Map<Process, SandboxFolder> folders = new LinkedHashMap<>();
    private Instance instance;
    private Uplinks uplinks;

    @BeforeEach
    void open() throws IOException {
        instance = Instance.of(home);
        uplinks = Uplinks.open(instance, NetworkSettings.DEFAULT, List.of());
    }

    @AfterEach
    void remove() throws Exception {
        for (Process process : processes) {
            process.destroyForcibly();
            process.waitFor(10, TimeUnit.SECONDS);
        }
        uplinks.close();
        uplinks.remove();
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
        var settings = new NetworkSettings(Optional.empty(), new ClosedRanges(List.of(range)));
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

    private Process sandbox(NetworkPolicy policy) throws Exception {
        Process process = namespace();
        SandboxFolder folder = folder();
        folders.put(process, folder);
        uplinks.reserve(folder, policy);
        uplinks.connect(folder, policy, Math.toIntExact(process.pid()));
        return process;
    }

    private void change(Process sandbox, NetworkPolicy policy) throws IOException {
        uplinks.change(folders.get(sandbox), policy, Math.toIntExact(sandbox.pid()));
    }

    private SandboxFolder folder() throws IOException {
        SandboxFolder folder = instance.sandbox(SandboxId.next());
        Files.createDirectories(folder.path());
        return folder;
    }

    private List<SandboxFolder> folders() {
        return List.copyOf(folders.values());
    }

    private String address(Process sandbox) throws IOException {
        int index = Uplinks.address(folders.get(sandbox)).orElseThrow();
        return uplinks.subnet().address(index);
    }

    private static NetworkPolicy rules(String allow, String deny) {
        return new NetworkPolicy(true, targets(allow), targets(deny), List.of());
    }

    private static List<NetworkTarget> targets(String entries) {
        return Stream.of(entries.split(" "))
                .filter(entry -> !entry.isEmpty())
                .map(NetworkTarget::parse)
                .toList();
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
                import socket, threading
                def listen(port):
                    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(('0.0.0.0', port)); s.listen(10); return s
                def echo(c):
                    while c.recv(1): c.sendall(b'hello')
                def talk(s):
                    while True: threading.Thread(target=echo, args=(s.accept()[0],)).start()
                once, often = listen(%d), listen(%d); print(flush=True)
                threading.Thread(target=talk, args=(often,)).start()
                while True:
                    c, _ = once.accept(); c.sendall(b'hello'); c.close()
                """
                        .formatted(PORT, PORT + 1);
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

    /// A connection that stays open and is used again when asked.
    private final class OpenConnection implements AutoCloseable {
        private final Process process;
        private final BufferedReader reader;

        OpenConnection(Process sandbox) throws IOException {
            String python =
                    """
                    import socket, sys
                    c = socket.create_connection(('%s', %d), 1)
                    c.settimeout(3)
                    for line in sys.stdin:
                        try:
                            c.sendall(b'x'); print(c.recv(5).decode() or 'end', flush=True)
                        except OSError: print('closed', flush=True)
                    """
                            .formatted(PUBLIC, PORT + 1);
            process =
                    new ProcessBuilder(
                                    "nsenter",
                                    "--net=" + net(sandbox),
                                    "--",
                                    "python3",
                                    "-c",
                                    python)
                            .start();
            processes.add(process);
            reader = process.inputReader();
        }

        String says() throws IOException {
            process.outputWriter().append('\n').flush();
            return reader.readLine();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
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
