package dev.carrel.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.telemetry.Metrics;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Bodies in chunks, as clients write them and as they should not.
@Timeout(60)
class ChunkedBodiesIT {
    private static final int LIMIT = 1 << 20;

    /// The longest chunk that Helidon would wait for.
    private static final String LONGEST = "7fffffff";

    private record Text(String text) {}

    private HttpServer server;

    @BeforeEach
    void start() {
        Route echo =
                Route.of(
                                HttpMethod.POST,
                                "/echo",
                                RouteDoc.of("test"),
                                request -> Response.json(200, request.json(Text.class)))
                        .withBodyBytesMax(LIMIT);
        var settings =
                new HttpSettings(
                        "127.0.0.1",
                        0,
                        100,
                        Duration.ofSeconds(15),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(2));
        server =
                HttpServer.start(
                        settings,
                        List.of(echo),
                        key -> key.equals("good") ? Optional.of("caller") : Optional.empty(),
                        new Metrics());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void oneConnectionTakesMany() throws IOException {
        String body = "5\r\n{\"tex\r\n00b\r\nt\":\"hello\"}\r\n0\r\nTrailer: x\r\n\r\n";
        String twice = head("good") + body + head("good") + body;
        String last = head("good").replace("\r\nHost", "\r\nConnection: close\r\nHost") + body;
        try (Socket socket = connect()) {
            send(socket, twice + last);
            String answers = rest(socket);
            assertThat(answers.split("HTTP/1.1 200", -1)).hasSize(4);
            assertThat(answers.split("\\{\"text\":\"hello\"}", -1)).hasSize(4);
        }
    }

    /// Nothing waits for the end of a chunk, which would be a way to fill the server's memory.
    @Test
    void aLongChunkIsRefusedAtTheLimitOfItsRoute() throws IOException {
        try (Socket socket = connect()) {
            send(socket, head("good") + LONGEST + "\r\n{\"text\":\"");
            send(socket, "x".repeat(LIMIT));
            assertThat(line(socket)).contains("413");
        }
    }

    @Test
    void whoHasNoKeyCannotSendOneEither() throws IOException {
        try (Socket socket = connect()) {
            send(socket, head("bad") + LONGEST + "\r\n");
            assertThat(line(socket)).contains("401");
            String part = "x".repeat(1 << 20);
            assertThatThrownBy(
                            () -> {
                                for (int mib = 0; mib < 64; mib++) {
                                    send(socket, part);
                                }
                            })
                    .isInstanceOf(SocketException.class);
        }
    }

    @Test
    void whatTwoReadersCouldTakeDifferentlyIsRefused() throws IOException {
        for (String body :
                List.of(
                        "xyz\r\n{}\r\n0\r\n\r\n",
                        "2;ext=1\r\n{}\r\n0\r\n\r\n",
                        "-2\r\n{}\r\n0\r\n\r\n",
                        "0x2\r\n{}\r\n0\r\n\r\n",
                        "2\n{}\n0\n\n",
                        "2\r\n{}x\r\n0\r\n\r\n",
                        "10000000000000002\r\n{}\r\n0\r\n\r\n",
                        "2\r\n{}\r\n0\r\nBroken\r\n\r\n")) {
            try (Socket socket = connect()) {
                send(socket, head("good") + body);
                assertThat(rest(socket)).as(body).startsWith("HTTP/1.1 400");
            }
        }
    }

    @Test
    void aBodyThatBreaksOffIsNotTakenForWhole() throws IOException {
        try (Socket socket = connect()) {
            send(socket, head("good") + "2\r\n{}\r\n");
            socket.shutdownOutput();
            assertThat(rest(socket)).startsWith("HTTP/1.1 400").contains("broke off");
        }
    }

    private static String head(String key) {
        return "POST /echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\n"
                .formatted(key);
    }

    private Socket connect() throws IOException {
        var socket = new Socket("127.0.0.1", server.port());
        socket.setSoTimeout(8_000);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String line(Socket socket) throws IOException {
        var line = new StringBuilder();
        for (int next = socket.getInputStream().read();
                next >= 0 && next != '\n';
                next = socket.getInputStream().read()) {
            line.append((char) next);
        }
        return line.toString();
    }

    private static String rest(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
}
