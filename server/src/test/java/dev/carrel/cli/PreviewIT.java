package dev.carrel.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.PortRequest;
import dev.carrel.wire.SandboxMetrics;
import dev.carrel.wire.SandboxRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Previews of a real sandbox on a real server: servers of Python and Node, on the loopback address
/// of a sandbox that has no network at all.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PreviewIT {
    private static final int UPLOAD_BYTES = 64 << 20;

    /// Answers with the SHA-256 of what it is sent.
    private static final String HASHING =
            """
            import hashlib, http.server
            class H(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_POST(self):
                    left, sha = int(self.headers["Content-Length"]), hashlib.sha256()
                    while left:
                        piece = self.rfile.read(min(left, 65536)); sha.update(piece); left -= len(piece)
                    text = sha.hexdigest().encode()
                    self.send_response(200); self.send_header("Content-Length", len(text))
                    self.end_headers(); self.wfile.write(text)
            http.server.ThreadingHTTPServer(("127.0.0.1", 4000), H).serve_forever()
            """;

    /// Sends the text of each frame back.
    private static final String ECHO =
            """
            const crypto = require('crypto'), http = require('http');
            http.createServer((request, answer) => answer.end()).on('upgrade', (request, socket) => {
              const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
              const accept = crypto.createHash('sha1').update(key).digest('base64');
              socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n' +
                  'Connection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
              socket.on('data', frame => {
                const length = frame[1] & 127, mask = frame.subarray(2, 6);
                const text = frame.subarray(6, 6 + length).map((b, i) => b ^ mask[i % 4]);
                socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
              });
            }).listen(5000, '::1');
            """;

    private LocalServer server;
    private CarrelClient client;
    private String sandbox;

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        server = LocalServer.start(home, Map.of());
        client = new CarrelClient(URI.create(server.url()), server.key());
        SandboxRequest request =
                SandboxRequest.builder().network(NetworkRules.ofInternet(false)).build();
        sandbox = client.sandboxes().create(request).id();
        write("/workspace/index.html", "<h1>hello</h1>");
        write("/workspace/hash.py", HASHING);
        write("/workspace/echo.js", ECHO);
        for (int port : new int[] {3000, 4000, 5000}) {
            client.sandboxes().ports().register(sandbox, PortRequest.of(port).openToAll());
        }
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private void write(String path, String text) {
        client.sandboxes().writeFile(sandbox, path, text.getBytes(ISO_8859_1));
    }

    private void serve(String command) {
        String line = "setsid -f " + command + " >/dev/null 2>&1 </dev/null";
        client.sandboxes().execute(sandbox, ExecuteRequest.of(Command.line(line)));
    }

    private Socket open() throws IOException {
        var socket = new Socket("127.0.0.1", URI.create(server.url()).getPort());
        socket.setSoTimeout(30_000);
        return socket;
    }

    private String head(int port, String line, String... fields) {
        return line
                + " HTTP/1.1\r\nHost: "
                + port
                + "-"
                + sandbox
                + ".localhost\r\n"
                + String.join("", java.util.Arrays.stream(fields).map(f -> f + "\r\n").toList())
                + "\r\n";
    }

    private String get(int port, String target) throws IOException {
        try (Socket socket = open()) {
            String request = head(port, "GET " + target, "Connection: close");
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }
    }

    /// As a browser does with the page that says that nothing listens yet.
    private String getOnceItListens(int port) throws Exception {
        var answer = new AtomicReference<>("");
        Eventually.holds(() -> {
            answer.set(get(port, "/"));
            return !answer.get().contains("port_not_listening");
        });
        return answer.get();
    }

    @Test
    void aFileServerIsShownFromTheMomentItListensAndAfterAPause() throws Exception {
        assertThat(get(3000, "/")).startsWith("HTTP/1.1 502").contains("Retry-After: 1");
        serve("python3 -m http.server 3000 --bind 127.0.0.1 -d /workspace");

        assertThat(getOnceItListens(3000)).startsWith("HTTP/1.1 200 OK").contains("<h1>hello</h1>");
        assertThat(get(3000, "/none")).startsWith("HTTP/1.1 404 File not found");
        client.sandboxes().pause(sandbox);
        assertThat(client.sandboxes().get(sandbox).state()).isEqualTo("paused");

        assertThat(get(3000, "/")).as("it wakes").contains("<h1>hello</h1>");
        assertThat(client.sandboxes().get(sandbox).state()).isEqualTo("running");

        SandboxMetrics metrics = client.sandboxes().metrics(sandbox);
        assertThat(metrics.state()).isEqualTo("running");
        assertThat(metrics.listening().orElseThrow()).contains(3000);
        assertThat(metrics.cpu().seconds()).isPositive();
        assertThat(metrics.cpu().share()).isBetween(0.0, 4.0);
        assertThat(metrics.memory().usedBytes().orElseThrow())
                .isPositive()
                .isLessThan(metrics.memory().limitBytes());
        assertThat(metrics.processes().count().orElseThrow()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void aLargeUploadArrivesWhole() throws Exception {
        serve("python3 /workspace/hash.py");
        assertThat(getOnceItListens(4000)).startsWith("HTTP/1.1 501");
        var content = new byte[UPLOAD_BYTES];
        new Random(3).nextBytes(content);
        try (Socket socket = open()) {
            String request =
                    head(4000, "POST /", "Content-Length: " + UPLOAD_BYTES, "Connection: close");
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            socket.getOutputStream().write(content);
            String hash =
                    HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
            assertThat(new String(socket.getInputStream().readAllBytes(), ISO_8859_1))
                    .endsWith(hash);
        }
    }

    @Test
    void aWebSocketEchoes() throws Exception {
        serve("node /workspace/echo.js");
        getOnceItListens(5000);
        try (Socket socket = open()) {
            String request =
                    head(
                            5000,
                            "GET /",
                            "Connection: Upgrade",
                            "Upgrade: websocket",
                            "Sec-WebSocket-Version: 13",
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            InputStream in = socket.getInputStream();
            String answer = new String(in.readNBytes(12), ISO_8859_1);
            assertThat(answer).isEqualTo("HTTP/1.1 101");
            while (!answer.endsWith("\r\n\r\n")) {
                answer += (char) in.read();
            }
            // The example of RFC 6455, 1.3
            assertThat(answer).contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            byte[] hello = {
                (byte) 0x81, (byte) 0x85, 1, 2, 3, 4, 'h' ^ 1, 'e' ^ 2, 'l' ^ 3, 'l' ^ 4, 'o' ^ 1
            };
            socket.getOutputStream().write(hello);
            assertThat(in.readNBytes(7))
                    .isEqualTo(new byte[] {(byte) 0x81, 5, 'h', 'e', 'l', 'l', 'o'});
        }
    }

    @Test
    void commandsShowAndHidePorts() throws IOException {
        String url = "--url=" + server.url();
        String key = "--key=" + server.key();
        assertThat(Main.run("sandbox", "preview", sandbox, "6000", "--label", "x", url, key))
                .isZero();
        assertThat(Main.run("sandbox", "ports", sandbox, url, key)).isZero();
        assertThat(client.sandboxes().get(sandbox).ports()).contains(6000);
        assertThat(Main.run("sandbox", "preview", sandbox, "6000", "--off", url, key)).isZero();
        assertThat(client.sandboxes().get(sandbox).ports()).doesNotContain(6000);
    }
}
