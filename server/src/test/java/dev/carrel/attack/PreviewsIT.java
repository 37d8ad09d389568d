package dev.carrel.attack;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.PortRequest;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Previews of a real sandbox, between clients that want what is not theirs and an application that
/// is hostile to its visitors and the server.
class PreviewsIT extends AttackStage {
    private static final int PRIVATE = 3000;
    private static final int PUBLIC = 3001;
    private static final int UNREGISTERED = 3002;

    private String token;
    private String otherToken;

    @BeforeEach
    void serve() throws Exception {
        byte[] program = Files.readAllBytes(Path.of("src/test/resources/attacks/application.py"));
        client.sandboxes().writeFile(sandbox, "/root/application.py", program);
        run(
                sandbox,
                "pgrep -x python3 || setsid -f python3 /root/application.py %d %d %d"
                                .formatted(PRIVATE, PUBLIC, UNREGISTERED)
                        + " > /dev/null 2>&1 < /dev/null");
        var ports = client.sandboxes().ports();
        token = ports.register(sandbox, PortRequest.of(PRIVATE)).token().orElseThrow();
        otherToken = ports.register(neighbour, PortRequest.of(PRIVATE)).token().orElseThrow();
        ports.register(sandbox, PortRequest.of(PUBLIC).openToAll());
        Eventually.holds(() -> get(host(PUBLIC), "/").endsWith("hi"));
        run(sandbox, ": > /root/got");
    }

    private String host(int port) {
        return port + "-" + sandbox + ".localhost";
    }

    @Test
    void nobodyComesInWithoutWhatOpensThatPort() throws IOException {
        String secret = "X-Carrel-Preview-Token: ";
        for (String field :
                List.of(
                        "X: y",
                        secret,
                        secret + "prv_" + "0".repeat(20),
                        secret + token.substring(0, token.length() - 1),
                        secret + token + "0",
                        secret + token + "," + token,
                        secret + otherToken,
                        secret + otherToken + "\r\n" + secret + token,
                        "X-Carrel-Preview-Token : " + token,
                        "Cookie: carrel_preview=" + otherToken,
                        "Cookie: x=carrel_preview=" + token,
                        "Cookie: carrel_preview_=" + token,
                        "Authorization: Bearer " + token,
                        "Authorization: Bearer crl_live_" + "0".repeat(40),
                        "Authorization: Basic " + server.key(),
                        "X-Forwarded-Host: " + host(PUBLIC),
                        "X-Forwarded-For: 127.0.0.1",
                        "X-Original-URL: /?carrel_token=" + token,
                        "Referer: http://" + host(PRIVATE) + "/?carrel_token=" + token)) {
            assertThat(get(host(PRIVATE), "/", field)).as(field).contains(" 40");
            assertThat(get(host(UNREGISTERED), "/", field)).as(field).contains(" 40");
        }
        for (String target :
                List.of(
                        "/?carrel_token=" + otherToken,
                        "/?carrel_token[]=" + token,
                        "/#?carrel_token=" + token,
                        "/carrel_token=" + token,
                        "http://" + host(PUBLIC) + "/",
                        "//" + host(PUBLIC) + "/",
                        "*")) {
            assertThat(get(host(PRIVATE), target)).as(target).contains(" 40");
        }
        assertThat(got()).as("what the application got").isEmpty();
        assertThat(get(host(PRIVATE), "/", secret + token)).endsWith("hi");
        assertThat(get(host(UNREGISTERED), "/", "Authorization: Bearer " + server.key()))
                .endsWith("hi");
        // What opens the door stays outside.
        assertThat(got()).doesNotContain(token, otherToken, server.key());
    }

    @Test
    void noFormOfAHostLeadsElsewhere() throws IOException {
        String key = "Authorization: Bearer " + server.key();
        for (String host :
                List.of(
                        host(PRIVATE) + "." + host(PUBLIC),
                        host(PUBLIC) + "\r\nHost: " + host(PRIVATE),
                        host(PUBLIC) + "@" + host(PRIVATE),
                        host(PRIVATE) + ":x",
                        host(PRIVATE) + "/",
                        host(PRIVATE) + " " + host(PUBLIC),
                        host(PRIVATE) + "\t",
                        "0" + host(PRIVATE),
                        "+" + host(PRIVATE),
                        host(PRIVATE) + "%00.localhost",
                        "3000-" + sandbox + "\0.localhost",
                        "65536-" + sandbox + ".localhost",
                        "22-../" + sandbox + ".localhost",
                        "3000-sbx_../../etc.localhost",
                        "x." + host(PRIVATE),
                        "")) {
            String answer = get(host, "/v1/sandboxes");
            assertThat(answer).as(host).contains(" 40").doesNotContain("\"data\"");
        }
        assertThat(got()).isEmpty();
        // The API is not to be had under a preview's host, nor with what a browser would send
        // there.
        assertThat(get(host(PUBLIC), "/v1/sandboxes", key)).endsWith("hi");
        assertThat(get(host(PUBLIC), "/v1/sandboxes", key)).doesNotContain(neighbour);
        assertThat(got()).doesNotContain(server.key());
    }

    @Test
    void noRequestIsSmuggledPastTheGate() throws IOException {
        String inner = "GET /smuggled HTTP/1.1\r\nHost: " + host(PRIVATE) + "\r\n\r\n";
        String size = Integer.toHexString(inner.length());
        for (String fields :
                List.of(
                        "Content-Length: 6\r\nTransfer-Encoding: chunked|0\r\n\r\n" + inner,
                        "Transfer-Encoding: chunked\r\nContent-Length: 4|" + size + "\r\n" + inner,
                        "Content-Length: 0\r\nContent-Length: 9|" + inner,
                        "Content-Length: 0, 9|" + inner,
                        "Content-Length: +0|" + inner,
                        "Content-Length: 0x0|" + inner,
                        "Content-Length : 0|" + inner,
                        "Content-Length:\u000b0|" + inner,
                        "Transfer-Encoding: xchunked|" + inner,
                        "Transfer-Encoding : chunked|0\r\n\r\n" + inner,
                        "Transfer-Encoding: chunked, identity|0\r\n\r\n" + inner,
                        "Transfer-Encoding: identity, chunked|0\r\n\r\n" + inner,
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x|0\r\n\r\n" + inner,
                        "Transfer-Encoding:\r\n chunked|0\r\n\r\n" + inner,
                        "Transfer-Encoding: chunked|0;x=\n" + inner,
                        "Transfer-Encoding: chunked|0\n\n" + inner,
                        "Transfer-Encoding: chunked|-1\r\n" + inner,
                        "Transfer-Encoding: chunked|1\r\naX" + inner,
                        "Transfer-Encoding: chunked|fffffffffffffffff0\r\n" + inner,
                        "X: y\nTransfer-Encoding: chunked|0\r\n\r\n" + inner)) {
            String[] parts = fields.split("\\|", 2);
            String outer = "POST /outer HTTP/1.1\r\nHost: " + host(PUBLIC) + "\r\n";
            String answer = raw(outer + parts[0] + "\r\n\r\n" + parts[1]);
            assertThat(answer).as(fields).doesNotContain("\r\n\r\nhiHTTP/1.1 200");
            assertThat(got()).as(fields).doesNotContain("GET /smuggled");
        }
        // A second request of a connection is judged by itself.
        String first = "GET /first HTTP/1.1\r\nHost: " + host(PUBLIC) + "\r\n\r\n";
        String last = inner.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        assertThat(raw(first + last)).contains(" 200 ", " 401 ");
        assertThat(got()).contains("GET /first").doesNotContain("GET /smuggled");
    }

    @Test
    void aHostileApplicationReachesNeitherVisitorNorServer() throws IOException {
        for (String answer :
                List.of(
                        "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil=1\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\nevil",
                        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nevil",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nevil",
                        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nevil",
                        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\nevil",
                        "HTTP/0.9 200 evil\r\n\r\n",
                        "evil\r\n\r\n",
                        "")) {
            assertThat(answering(answer)).as(answer).contains(" 502 ").doesNotContain("evil");
        }
        assertThat(get(host(PUBLIC), "/endless")).contains(" 502 ");
        String two = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assertThat(answering(two + "okHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"))
                .endsWith("ok");
        assertThat(
                        answering(
                                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                        + "Set-Cookie: evil=1; Domain=localhost\r\n"
                                        + "Set-Cookie: carrel_preview=evil\r\n"
                                        + "Strict-Transport-Security: max-age=1\r\n"
                                        + "Alt-Svc: h3=\":1\"\r\n\r\n"))
                .doesNotContainIgnoringCase("domain=")
                .doesNotContain("carrel_preview=", "Alt-Svc");
    }

    private String answering(String bytes) throws IOException {
        return get(host(PUBLIC), "/answer/" + HexFormat.of().formatHex(bytes.getBytes(ISO_8859_1)));
    }

    /// All that the application got so far.
    private String got() throws IOException {
        try (var bytes = client.sandboxes().readFile(sandbox, "/root/got")) {
            return new String(bytes.readAllBytes(), ISO_8859_1);
        }
    }

    private String get(String host, String target, String... fields) throws IOException {
        String more = fields.length == 0 ? "" : String.join("\r\n", fields) + "\r\n";
        return raw(
                "GET %s HTTP/1.1\r\nHost: %s\r\n%sConnection: close\r\n\r\n"
                        .formatted(target, host, more));
    }

    /// Sends bytes as they are and reads to the end; what the server does not finish is no answer.
    private String raw(String request) throws IOException {
        try (var socket = new Socket("127.0.0.1", server.uri().getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        } catch (java.net.SocketException e) {
            return "reset"; // what it had not read was in the way of its answer
        }
    }
}
