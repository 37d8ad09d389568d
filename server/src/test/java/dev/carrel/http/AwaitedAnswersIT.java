package dev.carrel.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.telemetry.Metrics;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Answers that take their time.
@Timeout(60)
class AwaitedAnswersIT {
    private final LinkedBlockingQueue<String> ended = new LinkedBlockingQueue<>();
    private final CountDownLatch waiting = new CountDownLatch(1);
    private HttpServer server;

    @BeforeEach
    void start() {
        var brief = Duration.ofSeconds(2);
        server =
                HttpServer.start(
                        new HttpSettings("127.0.0.1", 0, 100, brief, brief, brief),
                        List.of(
                                route("/waits", this::waits),
                                route("/answers", () -> Response.json(201, "made")),
                                route(
                                        "/refuses",
                                        () -> {
                                            throw new CarrelException(
                                                    ErrorCode.BUILD_FAILED, "not made");
                                        })),
                        key -> Optional.of("caller"),
                        new Metrics());
    }

    private static Route route(String path, AwaitedAnswer answer) {
        return Route.of(
                HttpMethod.POST, path, RouteDoc.of("test"), request -> Response.awaited(answer));
    }

    private Response waits() throws InterruptedException {
        waiting.countDown();
        try {
            return Response.json(200, new CountDownLatch(1).await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            ended.add("interrupted");
            throw e;
        }
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Socket post(String path) throws IOException {
        var socket = new Socket("127.0.0.1", server.port());
        socket.setSoTimeout(8_000);
        String request =
                "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n"
                        + "Content-Length: 0\r\n\r\n";
        socket.getOutputStream().write(request.formatted(path).getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    @Test
    void aClientThatGoesInterruptsTheWork() throws Exception {
        try (Socket socket = post("/waits")) {
            assertThat(waiting.await(8, TimeUnit.SECONDS)).isTrue();
            assertThat(socket.getInputStream().available()).isZero();
            assertThat(ended).isEmpty();
        }
        assertThat(ended.poll(8, TimeUnit.SECONDS)).isEqualTo("interrupted");
    }

    @Test
    void closingTheServerInterruptsTheWork() throws Exception {
        try (Socket socket = post("/waits")) {
            assertThat(waiting.await(8, TimeUnit.SECONDS)).isTrue();
            server.close();
            assertThat(ended.poll(8, TimeUnit.SECONDS)).isEqualTo("interrupted");
            assertThat(socket.getInputStream().readAllBytes()).isEmpty();
        }
    }

    @Test
    void answersAndRefusalsComeWholeAndCloseTheConnection() throws Exception {
        assertThat(answer("/answers"))
                .startsWith("HTTP/1.1 201")
                .containsIgnoringCase("connection: close")
                .endsWith("\"made\"");
        assertThat(answer("/refuses"))
                .startsWith("HTTP/1.1 422")
                .contains("build_failed", "not made");
    }

    private String answer(String path) throws IOException {
        try (Socket socket = post(path)) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
