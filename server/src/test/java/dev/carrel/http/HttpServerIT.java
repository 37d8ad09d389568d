package dev.carrel.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.telemetry.Metrics;
import dev.carrel.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HttpServerIT {
    private static final RouteDoc DOC = RouteDoc.of("test");
    private static final int MEDIUM_BYTES = 10 << 10;

    private record Named(String name) {}

    private final LinkedBlockingQueue<String> ended = new LinkedBlockingQueue<>();
    private final CountDownLatch streaming = new CountDownLatch(1);
    private final Metrics metrics = new Metrics();
    private HttpServer server;

    @BeforeEach
    void start() {
        var settings =
                new HttpSettings(
                        "127.0.0.1",
                        0,
                        100,
                        Duration.ofMillis(300),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(2));
        server =
                HttpServer.start(
                        settings,
                        routes(),
                        key -> key.equals("good") ? Optional.of("caller") : Optional.empty(),
                        metrics);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private List<Route> routes() {
        return List.of(
                Route.of(
                                HttpMethod.GET,
                                "/healthz",
                                DOC,
                                request -> Response.text(200, "text/plain", "ok"))
                        .openToAll(),
                Route.of(
                        HttpMethod.POST,
                        "/named",
                        DOC,
                        request -> Response.json(200, request.json(Named.class))),
                Route.of(
                        HttpMethod.GET,
                        "/files/{path...}",
                        DOC,
                        request -> Response.json(200, request.path("path"))),
                Route.of(HttpMethod.PUT, "/files/{path...}", DOC, this::count)
                        .withBodyBytesMax(3 << 20),
                Route.of(HttpMethod.GET, "/big", DOC, request -> big()),
                Route.of(
                        HttpMethod.GET,
                        "/medium",
                        DOC,
                        request -> Response.bytes(200, RouteDoc.BYTES, new byte[MEDIUM_BYTES])),
                Route.of(HttpMethod.GET, "/broken", DOC, request -> broken()),
                Route.of(HttpMethod.GET, "/events", DOC, request -> Response.events(this::waiting)),
                Route.of(
                        HttpMethod.GET,
                        "/fails",
                        DOC,
                        request -> {
                            throw new IllegalStateException("secret detail");
                        }));
    }

    private Response count(Request request) {
        try {
            return Response.json(200, drain(request.stream()));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long drain(InputStream in) throws IOException {
        return in.transferTo(java.io.OutputStream.nullOutputStream());
    }

    private static Response big() {
        return Response.stream(
                "application/octet-stream",
                new java.io.ByteArrayInputStream(new byte[8 << 20]),
                OptionalLong.of(8 << 20));
    }

    private static Response broken() {
        InputStream in =
                new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new IOException("disk gone");
                    }
                };
        return Response.stream("application/octet-stream", in, OptionalLong.of(10));
    }

    private void waiting(EventSink sink) throws InterruptedException {
        sink.send(1, "hello", "{\"a\":1}");
        streaming.countDown();
        try {
            boolean never = new CountDownLatch(1).await(30, TimeUnit.SECONDS);
            ended.add("waited " + never);
        } catch (InterruptedException e) {
            ended.add(sink.isClientGone() ? "gone" : sink.isClosing() ? "closing" : "?");
            if (sink.isClosing()) {
                sink.send("bye");
            }
            throw e;
        }
    }

    /// Sends bytes as they are and reads what comes until the server closes.
    private String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(8_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String head(String method, String path) {
        return method
                + " "
                + path
                + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer good\r\n";
    }

    private String get(String path) throws IOException {
        return raw(head("GET", path) + "\r\n");
    }

    private static JsonNode error(String answer) throws IOException {
        String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        JsonNode error = Json.lenient().readTree(body).path("error");
        assertThat(error.path("request_id").asText()).startsWith("req_");
        assertThat(answer)
                .containsIgnoringCase("x-request-id: " + error.path("request_id").asText());
        assertThat(error.has("param")).isTrue();
        return error;
    }

    @Test
    void connectionCloseIsAnsweredAndClosedAtOnce() throws IOException {
        long start = System.nanoTime();
        assertThat(get("/files/x")).startsWith("HTTP/1.1 200").endsWith("\"x\"");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void aKeptConnectionServesManyRequests() throws IOException {
        String request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        String last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        assertThat(raw(request + request + last).split("HTTP/1.1 200", -1)).hasSize(4);
    }

    @Test
    void pathsComeDecodedOnceAndNeverNormalised() throws IOException {
        assertThat(get("/files/a/../../b//c")).endsWith("\"a/../../b//c\"");
        assertThat(get("/files/a%2f..%2Fb%252e")).endsWith("\"a/../b%2e\"");
        assertThat(get("/files/%00;x")).endsWith("\"\\u0000;x\"");
        assertThat(get("/files/gr%C3%BC")).endsWith("\"grü\"");
        assertThat(error(get("/files/%zz")).path("code").asText()).isEqualTo("invalid_path");
        assertThat(error(get("/files/%ff")).path("code").asText()).isEqualTo("invalid_path");
        assertThat(error(get("/files/x?a=%")).path("code").asText()).isEqualTo("invalid_request");
        assertThat(get("/nothing/../files/x")).startsWith("HTTP/1.1 404");
    }

    @Test
    void everythingButOpenRoutesNeedsAKey() throws IOException {
        assertThat(raw("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200");
        for (String path : List.of("/files/x", "/unknown")) {
            String answer =
                    raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            assertThat(answer)
                    .startsWith("HTTP/1.1 401")
                    .containsIgnoringCase("www-authenticate: bearer");
            assertThat(error(answer).path("message").asText()).contains("Authorization: Bearer");
        }
        assertThat(
                        raw(
                                "GET /files/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                        + "Authorization: Bearer bad\r\n\r\n"))
                .startsWith("HTTP/1.1 401");
    }

    @Test
    void unknownPathsAndMethodsAreErrorsOfTheSameShape() throws IOException {
        assertThat(error(get("/unknown")).path("code").asText()).isEqualTo("not_found");
        String answer = raw(head("DELETE", "/files/x") + "\r\n");
        assertThat(answer).startsWith("HTTP/1.1 405").containsIgnoringCase("allow: GET, PUT");
        assertThat(error(answer).path("message").asText()).contains("it takes GET, PUT");
    }

    @Test
    void brokenHttpIsAnErrorOfTheSameShape() throws IOException {
        assertThat(error(raw("NONSENSE\r\n\r\n")).path("type").asText()).isEqualTo("user");
        assertThat(error(get("/" + "a".repeat(20_000))).path("type").asText()).isEqualTo("user");
        String header = "X-Long: " + "a".repeat(40_000) + "\r\n\r\n";
        assertThat(error(raw(head("GET", "/healthz") + header)).path("type").asText())
                .isEqualTo("user");
    }

    @Test
    void badBodiesSayWhatIsWrong() throws IOException {
        assertThat(error(post("{\"name\":")).path("code").asText()).isEqualTo("invalid_json");
        assertThat(error(post("{\"nam\":\"x\"}")).path("message").asText()).contains("\"name\"");
        assertThat(error(post("{\"name\":1}")).path("param").asText()).isEqualTo("name");
        assertThat(post("{\"name\":\"x\"}")).endsWith("{\"name\":\"x\"}");
    }

    private String post(String body) throws IOException {
        return raw(head("POST", "/named") + "Content-Length: " + body.length() + "\r\n\r\n" + body);
    }

    @Test
    void aBodyOverTheLimitIsRefusedHoweverItComes() throws Exception {
        String large = "x".repeat(2 << 20);
        assertThat(error(post(large)).path("code").asText()).isEqualTo("body_too_large");
        String chunked =
                head("POST", "/named")
                        + "Transfer-Encoding: chunked\r\n\r\n200000\r\n"
                        + large
                        + "\r\n0\r\n\r\n";
        assertThat(error(raw(chunked)).path("code").asText()).isEqualTo("body_too_large");
        assertThat(put(new byte[3 << 20]).body()).isEqualTo(Integer.toString(3 << 20));
        assertThat(put(new byte[(3 << 20) + 1]).statusCode()).isEqualTo(413);
    }

    private HttpResponse<String> put(byte[] body) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(uri("/files/x"))
                            .header("Authorization", "Bearer good")
                            .PUT(HttpRequest.BodyPublishers.ofByteArray(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    private URI uri(String path) {
        return server.uri().resolve(path);
    }

    @Test
    void unexpectedFailuresShowNothingButTheRequestId() throws IOException {
        String answer = get("/fails");
        assertThat(answer).startsWith("HTTP/1.1 500").doesNotContain("secret");
        assertThat(error(answer).path("type").asText()).isEqualTo("internal");
    }

    @Test
    void aStreamedAnswerIsWhole() throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.getOutputStream().write((head("GET", "/big") + "\r\n").getBytes());
            assertThat(drain(socket.getInputStream())).isGreaterThan(8 << 20);
        }
    }

    /// With Nagle's algorithm at work each of these would take the 40 ms of a delayed ACK.
    @Test
    void answersOfSeveralPiecesAreNotHeldBack() throws IOException {
        String request = "GET /medium HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n\r\n";
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            long start = System.nanoTime();
            for (int i = 0; i < 100; i++) {
                socket.getOutputStream().write(request.getBytes());
                readUntil(socket, "\r\n\r\n");
                socket.getInputStream().readNBytes(MEDIUM_BYTES);
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(2));
        }
    }

    @Test
    void anAnswerThatBreaksOffIsNotTakenForWhole() throws IOException {
        String answer = get("/broken");
        assertThat(answer.substring(Math.max(0, answer.indexOf("\r\n\r\n"))).strip()).isEmpty();
    }

    @Test
    void eventsAreSentAtOnceAndSilenceIsPinged() throws Exception {
        try (Socket socket = openEvents()) {
            String text = readUntil(socket, ": ping");
            assertThat(text)
                    .startsWith("HTTP/1.1 200")
                    .containsIgnoringCase("content-type: text/event-stream")
                    .containsIgnoringCase("cache-control: no-store")
                    .containsIgnoringCase("x-accel-buffering: no")
                    .contains("id: 1\nevent: hello\ndata: {\"a\":1}\n\n");
        }
    }

    private Socket openEvents() throws IOException {
        var socket = new Socket("127.0.0.1", server.port());
        socket.setSoTimeout(8_000);
        String request = "GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n\r\n";
        socket.getOutputStream().write(request.getBytes());
        return socket;
    }

    private static String readUntil(Socket socket, String text) throws IOException {
        var read = new StringBuilder();
        while (read.indexOf(text) < 0) {
            int next = socket.getInputStream().read();
            assertThat(next).as("end after " + read).isNotNegative();
            read.append((char) next);
        }
        return read.toString();
    }

    @Test
    void aClientThatGoesIsNoticedAtOnce() throws Exception {
        try (Socket socket = openEvents()) {
            readUntil(socket, "hello");
        }
        assertThat(ended.poll(2, TimeUnit.SECONDS)).isEqualTo("gone");
    }

    @Test
    void closingTheServerEndsStreamsPolitely() throws Exception {
        try (Socket socket = openEvents()) {
            readUntil(socket, "hello");
            long start = System.nanoTime();
            server.close();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(4));
            assertThat(ended.poll(2, TimeUnit.SECONDS)).isEqualTo("closing");
            assertThat(readUntil(socket, "0\r\n\r\n")).contains("data: bye");
        }
    }

    @Test
    void aClientThatStopsSendingIsCut() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(8_000);
            socket.getOutputStream()
                    .write((head("POST", "/named") + "Content-Length: 100\r\n\r\n{").getBytes());
            long start = System.nanoTime();
            drain(socket.getInputStream());
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(6));
        }
    }

    @Test
    void aClientThatStopsReadingIsCut() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setReceiveBufferSize(4 << 10);
            socket.getOutputStream().write((head("GET", "/big") + "\r\n").getBytes());
            awaitOpen(1);
            awaitOpen(0);
        }
    }

    private void awaitOpen(double count) throws Exception {
        Eventually.holds(() -> open() == count);
    }

    private double open() {
        return metrics.scrape()
                .lines()
                .filter(line -> line.startsWith("carrel_http_open "))
                .mapToDouble(line -> Double.parseDouble(line.split(" ")[1]))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void requestsAreCounted() throws IOException {
        get("/files/x");
        assertThat(metrics.scrape())
                .contains("carrel_http_requests_seconds_count")
                .contains("route=\"/files/{path...}\"");
    }

    @Test
    void aTakenPortIsNamed() {
        var settings = HttpSettings.at("127.0.0.1", server.port());
        assertThat(
                        org.assertj.core.api.Assertions.catchThrowable(() ->
                                HttpServer.start(
                                        settings,
                                        List.of(),
                                        key -> Optional.empty(),
                                        new Metrics())))
                .hasMessageContaining("port " + server.port());
    }
}
