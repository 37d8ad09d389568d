package dev.carrel.sandbox.egress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.NetworkTarget;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// The proxy on loopback. This process plays the sandbox at 127.0.0.1; whatever public address the
/// proxy connects to, it finds one server, which tells what it got.
abstract class ProxyStage {
    static final int SELF = 0x7f000001;
    static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    @TempDir Path keys;
    FakeNames names;
    Egress egress;
    ServerSocket server;

    /// Where the sandbox meant to go.
    volatile int port = 80;

    /// What the proxy connected to.
    final List<String> targets = new CopyOnWriteArrayList<>();

    /// The start lines that the server got.
    final List<String> got = new CopyOnWriteArrayList<>();

    @BeforeEach
    void openProxy() throws Exception {
        names = new FakeNames();
        names.put("good.example", "A 11.7.7.7");
        names.put("other.example", "A 11.7.7.8");
        names.put("evil.example", "A 11.7.7.9");
        names.put("inner.example", "A 10.1.2.3", "A 127.0.0.1");
        names.put("alias.example", "CNAME evil.example.");
        server = new ServerSocket(0, 50, LOOPBACK);
        Thread.ofVirtual().start(this::accept);
        egress = open();
        egress.put(SELF, rules("good.example other.example inner.example", ""));
    }

    Egress open() throws IOException {
        var settings =
                new EgressSettings(
                        LOOPBACK,
                        () -> List.of(names.address()),
                        ClosedRanges.DEFAULT,
                        keys.resolve("keys/egress-ca.p12"),
                        trust());
        return Egress.open(
                settings,
                target -> {
                    targets.add(target.getAddress().getHostAddress() + ":" + target.getPort());
                    return new Socket(LOOPBACK, server.getLocalPort());
                },
                accepted -> new InetSocketAddress("203.0.113.9", port));
    }

    /// What hosts are checked with.
    Optional<Path> trust() throws IOException {
        return Optional.empty();
    }

    @AfterEach
    void closeProxy() throws IOException {
        egress.close();
        server.close();
        names.close();
    }

    static NetworkPolicy rules(String allow, String deny) {
        return new NetworkPolicy(true, list(allow), list(deny), List.of());
    }

    static List<NetworkTarget> list(String entries) {
        return Stream.of(entries.split(" "))
                .filter(entry -> !entry.isEmpty())
                .map(NetworkTarget::parse)
                .toList();
    }

    Socket connect() throws IOException {
        var socket = new Socket(LOOPBACK, egress.ports().proxy());
        socket.setSoTimeout(5_000);
        return socket;
    }

    /// Sends all, and returns all that comes until the end.
    String talk(String text) throws IOException {
        return new String(talk(text.getBytes(ISO_8859_1)), ISO_8859_1);
    }

    byte[] talk(byte[] bytes) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
            return readAll(socket.getInputStream());
        }
    }

    static byte[] readAll(InputStream input) throws IOException {
        var all = new ByteArrayOutputStream();
        var buffer = new byte[4096];
        try {
            for (int n = input.read(buffer); n >= 0; n = input.read(buffer)) {
                all.write(buffer, 0, n);
            }
        } catch (SocketException e) {
            return all.toByteArray(); // a reset after unread bytes ends it as well
        }
        return all.toByteArray();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (Socket used = secured(socket)) {
            answer(used);
        } catch (IOException e) {
            got.add("failed: " + e.getMessage());
        }
    }

    /// What the server speaks through.
    Socket secured(Socket socket) throws IOException {
        return socket;
    }

    void answer(Socket socket) throws IOException {
        var input = new BufferedInputStream(socket.getInputStream());
        OutputStream output = socket.getOutputStream();
        while (true) {
            input.mark(1);
            int first = input.read();
            if (first < 0) {
                return;
            }
            input.reset();
            if (first == ClientHello.HANDSHAKE) {
                input.transferTo(output);
                return;
            }
            Optional<HttpHead> head = HttpHead.read(input);
            if (head.isEmpty()) {
                return;
            }
            respond(head.get(), input, output);
        }
    }

    /// Echoes head and body.
    void respond(HttpHead head, InputStream input, OutputStream output) throws IOException {
        got.add(head.start() + " " + String.join(",", head.values("Host")));
        if (head.start().contains("/switch")) {
            output.write("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n".getBytes(ISO_8859_1));
            input.transferTo(output);
            return;
        }
        if (!head.values("Expect").isEmpty()) {
            output.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(ISO_8859_1));
        }
        var body = new ByteArrayOutputStream();
        body.write(head.bytes());
        Framing.ofRequest(head).copy(input, body);
        byte[] bytes = body.toByteArray();
        output.write(
                ("HTTP/1.1 200 OK\r\nContent-Length: " + bytes.length + "\r\n\r\n").getBytes());
        output.write(bytes);
        output.flush();
    }
}
