package dev.carrel.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.telemetry.Metrics;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The border between the API and the hosts of others, and what comes over it.
@Timeout(60)
class HostsIT {
    private static final String OWNED = "app.hosts.test";
    private HttpServer server;

    @BeforeEach
    void start() {
        var settings =
                new HttpSettings(
                        "127.0.0.1",
                        0,
                        100,
                        Duration.ofSeconds(15),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2));
        Route route =
                Route.of(
                        HttpMethod.POST,
                        "/api",
                        RouteDoc.of("test"),
                        request ->
                                Response.text(200, "text/plain", "api " + request.bytes().length));
        server =
                HttpServer.start(
                        settings,
                        List.of(route.openToAll()),
                        new Echo(),
                        key -> Optional.empty(),
                        new Metrics());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /// Answers with what it was sent.
    private static final class Echo implements HostHandler {
        @Override
        public boolean owns(String host) {
            return host.equals(OWNED);
        }

        @Override
        public void handle(HostExchange exchange) throws IOException {
            var buffer = new byte[1 << 16];
            long size = 0;
            for (int count = exchange.read(buffer); count >= 0; count = exchange.read(buffer)) {
                size += count;
            }
            RequestHead head = exchange.head();
            String seen = "app " + head.method() + " " + head.target() + " " + size;
            exchange.answer(
                    Response.text(200, "text/plain", seen + " " + exchange.trailers().list()));
        }
    }

    private String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }
    }

    private static String get(String host) {
        return "GET /a?b HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
    }

    @Test
    void hostsAreToldApartHoweverTheyAreWritten() throws IOException {
        for (String own : List.of(OWNED, "APP.Hosts.TEST", OWNED + ":7373", OWNED + ":1")) {
            assertThat(raw(get(own))).as(own).contains("200", "app GET /a?b 0 []");
        }
        for (String other : List.of("localhost", "127.0.0.1:80", "[::1]:7373", "x" + OWNED)) {
            assertThat(raw(get(other))).as(other).doesNotContain("app GET");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "a b",
                "app.hosts.test.",
                "user@app.hosts.test",
                "user:pw@app.hosts.test",
                "app.hosts.test:80:80",
                "app.hosts.test:x",
                "app.hosts.test/",
                "[::1",
                "::1",
                "app.hosts.test\r\nHost: localhost",
                "app.hosts.test, localhost",
                "app.hosts.test#",
                "app.hosts.test\\",
                "ä.hosts.test",
                ".hosts.test",
                "%61pp.hosts.test"
            })
    void hostsThatCouldBeTakenDifferentlyAreRefused(String host) throws IOException {
        assertThat(raw(get(host))).startsWith("HTTP/1.1 400");
    }

    @Test
    void aConnectionServesManyHosts() throws IOException {
        String post = "POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
        String own = "POST /x HTTP/1.1\r\nHost: app.hosts.test\r\nContent-Length: 2\r\n\r\nab";
        String answers = raw(own + post + post + own + post + get(OWNED));

        assertThat(answers.split("HTTP/1.1 200", -1)).hasSize(7);
        assertThat(answers.replaceAll("(?s)(HTTP|[A-Za-z-]+: )[^\n]*\r\n", "").strip())
                .containsSubsequence("app POST", "api 3", "api 3", "app POST", "api 3", "app GET");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // two lengths, or two ways to tell it
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                "Content-Length: 5\r\nContent-Length: 5\r\n",
                "Content-Length: 5, 5\r\n",
                "Content-Length: +5\r\n",
                "Content-Length: -5\r\n",
                "Content-Length: 0x5\r\n",
                "Content-Length: 5 5\r\n",
                "Content-Length:\r\n",
                "Content-Length: 99999999999999999999\r\n",
                "Content-Length: \u00b2\r\n",
                // encodings that one reader knows and another does not
                "Transfer-Encoding: xchunked\r\n",
                "Transfer-Encoding: chunked, identity\r\n",
                "Transfer-Encoding: identity, chunked\r\n",
                "Transfer-Encoding: chunked, chunked\r\n",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                "Transfer-Encoding: \u000bchunked\r\n",
                "Transfer-Encoding: chunked;q=1\r\n",
                "Transfer-Encoding: \"chunked\"\r\n",
                "Transfer-Encoding: gzip\r\n",
                "Transfer-Encoding:\r\n",
                // lines that one reader joins or splits
                "Transfer-Encoding:\r\n chunked\r\n",
                "X-A: b\r\n c\r\n",
                " X-A: b\r\n",
                "X-A: b\nTransfer-Encoding: chunked\r\n",
                "X-A: b\rTransfer-Encoding: chunked\r\n",
                "X-A: b\r\r\n",
                "X-A: b\0\r\n",
                "X-A: b\u0001\r\n",
                // names
                "Transfer-Encoding : chunked\r\n",
                "Content-Length : 5\r\n",
                "X A: b\r\n",
                ": b\r\n",
                "X-A\r\n",
                "X\u00e9: b\r\n",
                "X(: b\r\n"
            })
    void smuggledRequestsAreRefused(String fields) throws IOException {
        for (String host : List.of(OWNED, "localhost")) {
            String head = "POST /api HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n";
            String answer =
                    raw(head + "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: " + OWNED + "\r\n\r\n");

            assertThat(answer).as(host).startsWith("HTTP/1.1 400").doesNotContain("smuggled");
            assertThat(answer.split("HTTP/1.1 ", -1)).as("answers to " + host).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET  / HTTP/1.1",
                "GET / HTTP/1.1 ",
                " GET / HTTP/1.1",
                "GET /a b HTTP/1.1",
                "GET / HTTP/1.0",
                "GET / HTTP/2.0",
                "GET / http/1.1",
                "GET / HTTP/1.10",
                "GET /",
                "GET\t/\tHTTP/1.1",
                "GET http://app.hosts.test/ HTTP/1.1",
                "GET x HTTP/1.1",
                "CONNECT app.hosts.test:80 HTTP/1.1",
                "G(T / HTTP/1.1",
                "GET /\u0001 HTTP/1.1",
                "GET /#x HTTP/1.1",
                "GET * HTTP/1.1",
                "\r\nGET / HTTP/1.1",
                "PRI * HTTP/2.0"
            })
    void requestLinesThatAreNotPlainAreRefused(String line) throws IOException {
        assertThat(raw(line + "\r\nHost: app.hosts.test\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 400")
                .doesNotContain("app ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "5;x=y\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n",
                        "0x5\r\nhello\r\n0\r\n\r\n",
                "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n",
                "5\r\nhello\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\nhello",
                "ffffffffffffffff\r\nhello", "5\r\nhello\r\n0\r\nX: a\n\r\n",
                        "g\r\nhello\r\n0\r\n\r\n",
                "5\r\nhello\r\n0\r\nX : a\r\n\r\n", "5\r\nhello\r\n0\r\n a\r\n\r\n"
            })
    void chunksThatAreNotPlainEndTheConnection(String body) throws IOException {
        String head =
                "POST /x HTTP/1.1\r\nHost: app.hosts.test\r\nTransfer-Encoding: chunked\r\n\r\n";

        assertThat(raw(head + body + get(OWNED))).doesNotContain("app ");
    }

    @Test
    void plainChunksAndTrailersArrive() throws IOException {
        String head =
                "POST /x HTTP/1.1\r\nHost: app.hosts.test\r\nTransfer-Encoding: chunked\r\n\r\n";
        String body = "5\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-End: yes\r\n\r\n";

        assertThat(raw(head + body + get(OWNED)))
                .contains("app POST /x 15 [Field[name=X-End, value=yes]]", "app GET /a?b 0");
    }

    @Test
    void headsAreBoundedInSizeAndNumberAndTime() throws IOException {
        assertThat(raw("GET / HTTP/1.1\r\nHost: app.hosts.test\r\nX: " + "a".repeat(50_000)))
                .startsWith("HTTP/1.1 400");
        assertThat(
                        raw(
                                "GET / HTTP/1.1\r\nHost: app.hosts.test\r\n"
                                        + "X: a\r\n".repeat(300)
                                        + "\r\n"))
                .startsWith("HTTP/1.1 400");
        long start = System.nanoTime();
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.getOutputStream().write("GET / HT".getBytes(ISO_8859_1));
            assertThat(socket.getInputStream().read()).isNegative();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(6));
    }

    @Test
    void theWordToSendComesOnlyWhenItIsWanted() throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(10_000);
            InputStream in = socket.getInputStream();
            String head =
                    "POST /x HTTP/1.1\r\nHost: app.hosts.test\r\nExpect: 100-continue\r\n"
                            + "Content-Length: 3\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(ISO_8859_1));
            byte[] word = in.readNBytes("HTTP/1.1 100 Continue\r\n\r\n".length());
            assertThat(new String(word, ISO_8859_1)).startsWith("HTTP/1.1 100");
            socket.getOutputStream().write("abc".getBytes(ISO_8859_1));
            assertThat(new String(in.readAllBytes(), ISO_8859_1)).contains("app POST /x 3");
        }
    }
}
