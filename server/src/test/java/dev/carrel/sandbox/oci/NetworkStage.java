package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.NetworkTarget;
import dev.carrel.sandbox.SandboxId;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// Sandboxes are played by processes with a network namespace of their own, and so is the internet:
/// one that has a public address, routed on this host only.
abstract class NetworkStage {
    static final String PUBLIC = "11.7.7.7";
    static final String PRIVATE = "10.254.77.7";
    static final int PORT = 8080;

    @TempDir Path home;
    final List<Process> processes = new ArrayList<>();
    final Map<Process, SandboxFolder> folders = new LinkedHashMap<>();
    Instance instance;
    Uplinks uplinks;

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

    Process sandbox(NetworkPolicy policy) throws Exception {
        Process process = namespace();
        SandboxFolder folder = folder();
        folders.put(process, folder);
        uplinks.reserve(folder, policy);
        int pid = Math.toIntExact(process.pid());
        uplinks.connect(folder, policy, pid, Path.of("/proc/" + pid + "/root"));
        return process;
    }

    void change(Process sandbox, NetworkPolicy policy) throws IOException {
        int pid = Math.toIntExact(sandbox.pid());
        uplinks.change(folders.get(sandbox), policy, pid, Path.of("/proc/" + pid + "/root"));
    }

    SandboxFolder folder() throws IOException {
        SandboxFolder folder = instance.sandbox(SandboxId.next());
        Files.createDirectories(folder.path());
        return folder;
    }

    List<SandboxFolder> folders() {
        return List.copyOf(folders.values());
    }

    String address(Process sandbox) throws IOException {
        int index = Uplinks.address(folders.get(sandbox)).orElseThrow();
        return uplinks.subnet().address(index);
    }

    static NetworkPolicy rules(String allow, String deny) {
        return new NetworkPolicy(true, targets(allow), targets(deny), List.of());
    }

    static List<NetworkTarget> targets(String entries) {
        return Stream.of(entries.split(" "))
                .filter(entry -> !entry.isEmpty())
                .map(NetworkTarget::parse)
                .toList();
    }

    /// A server at a public and a private address behind a link of this host.
    Process internet() throws Exception {
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

    Process namespace() throws IOException {
        Process process =
                new ProcessBuilder("unshare", "--net", "--", "sh", "-c", "echo; exec sleep 300")
                        .start();
        processes.add(process);
        assertThat(process.getInputStream().read()).isEqualTo('\n');
        return process;
    }

    void serve(Process namespace) throws Exception {
        String python =
                """
                import socket, threading
                def listen(port):
                    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(('0.0.0.0', port)); s.listen(10); return s
                def echo(c):
                    d = c.recv(9999)
                    if d.startswith(b'GET'):
                        c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello'); c.close(); return
                    while d: c.sendall(b'hello'); d = c.recv(1)
                def pong():
                    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('0.0.0.0', %d))
                    while True: _, a = u.recvfrom(99); u.sendto(b'hello', a)
                def talk(s):
                    while True: threading.Thread(target=echo, args=(s.accept()[0],)).start()
                threading.Thread(target=pong).start()
                once, often = listen(%d), listen(%d); print(flush=True)
                threading.Thread(target=talk, args=(often,)).start()
                while True:
                    c, _ = once.accept(); c.sendall(b'hello'); c.close()
                """
                        .formatted(PORT, PORT, PORT + 1);
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
    static String get(Process from, String address) throws IOException {
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
    final class OpenConnection implements AutoCloseable {
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

    static HostCommand.Result inside(Process namespace, String... command) throws IOException {
        List<String> line = new ArrayList<>(List.of("nsenter", "--net=" + net(namespace), "--"));
        line.addAll(List.of(command));
        return HostCommand.of(line).run();
    }

    static String net(Process process) {
        return "/proc/" + process.pid() + "/ns/net";
    }

    static String hostAddress() throws IOException {
        return HostCommand.of("hostname", "-I").run().out().split(" ")[0];
    }
}
