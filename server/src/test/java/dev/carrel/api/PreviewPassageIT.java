package dev.carrel.api;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What passes through a preview, in both directions, and how it ends.
class PreviewPassageIT extends PreviewStage {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    private static final int LARGE_BYTES = 200 << 20;

    @Test
    void whoTheClientIsComesFromUs() throws Exception {
        try (TestApp app = TestApp.answering(OK)) {
            show(app);
            get(
                    app.port(),
                    "/a%2Fb/../c?d=%00",
                    "X-Forwarded-For: 1.2.3.4",
                    "x-forwarded-host: evil.test",
                    "X-Forwarded-Proto: gopher",
                    "X-Forwarded-Prefix: /x",
                    "Forwarded: for=1.2.3.4",
                    "X-Real-IP: 1.2.3.4",
                    "Keep-Alive: 5",
                    "TE: trailers",
                    "Proxy-Authorization: x",
                    "X-Named: 1",
                    "X-Kept: 1",
                    "Connection: X-Named, x-other");
            assertThat(app.head())
                    .startsWith(
                            "GET /a%2Fb/../c?d=%00 HTTP/1.1\r\nHost: " + host(app.port()) + "\r\n")
                    .contains("\r\nX-Forwarded-For: 127.0.0.1\r\n", "\r\nX-Kept: 1\r\n")
                    .contains("\r\nX-Forwarded-Host: " + host(app.port()) + "\r\n")
                    .contains("\r\nX-Forwarded-Proto: https\r\n", "\r\nConnection: close\r\n")
                    .doesNotContain("1.2.3.4", "evil", "gopher", "Prefix", "Keep-Alive", "TE:")
                    .doesNotContain("Proxy-", "X-Named");
        }
    }

    @Test
    void bodiesPassHoweverTheyAreFramed() throws Exception {
        TestApp.Behaviour echo =
                (head, in, out) -> {
                    String framing = head.contains("chunked") ? "chunked" : "length";
                    byte[] body = head.contains("chunked") ? in.readNBytes(15) : in.readNBytes(5);
                    out.write(
                            ("HTTP/1.1 200 Fine\r\nX-Framing: " + framing + "\r\n\r\n").getBytes());
                    out.write(body);
                };
        try (var app = new TestApp(echo)) {
            show(app);
            String length = request(app.port(), "PUT /", "Content-Length: 5", "Connection: close");
            assertThat(raw(length + "hello"))
                    .startsWith("HTTP/1.1 200 Fine\r\n")
                    .contains("X-Framing: length", "Transfer-Encoding: chunked")
                    .endsWith("\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
            String chunked =
                    request(app.port(), "PUT /", "Transfer-Encoding: chunked", "Connection: close");
            assertThat(raw(chunked + "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"))
                    .contains("X-Framing: chunked");
        }
    }

    @Test
    void trailersPassBothWays() throws Exception {
        TestApp.Behaviour trailing =
                (head, in, out) -> {
                    String body =
                            new String(in.readNBytes("1\r\na\r\n0\r\nX-Up: 1\r\n\r\n".length()));
                    String answer =
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Down\r\n\r\n"
                                    + "3\r\nabc\r\n0\r\nX-Down: 1\r\nSet-Cookie: a=b\r\nX-Seen: "
                                    + body.contains("X-Up: 1")
                                    + "\r\n\r\n";
                    out.write(answer.getBytes());
                };
        try (var app = new TestApp(trailing)) {
            show(app);
            String head =
                    request(
                            app.port(),
                            "POST /",
                            "Transfer-Encoding: chunked",
                            "Connection: close");
            assertThat(
                            raw(head + "1\r\na\r\n0\r\nX-Up: 1\r\nCookie: x\r\n\r\n")
                                    .replace("\r\n", "|"))
                    .contains("|Trailer: X-Down|")
                    .endsWith("3|abc|0|X-Down: 1|X-Seen: true||");
        }
    }

    @Test
    void answersWithoutABodyHaveNone() throws Exception {
        TestApp.Behaviour bodiless =
                (head, in, out) -> {
                    String status = head.startsWith("HEAD") ? "200" : head.substring(5, 8);
                    String length = status.equals("204") ? "" : "Content-Length: 77\r\n";
                    out.write(("HTTP/1.1 " + status + " X\r\n" + length + "\r\n").getBytes());
                };
        try (var app = new TestApp(bodiless)) {
            show(app);
            String three =
                    request(app.port(), "HEAD /")
                            + request(app.port(), "GET /304")
                            + request(app.port(), "GET /204", "Connection: close");
            String answers = raw(three);
            assertThat(answers.split("HTTP/1.1 ", -1)).hasSize(4);
            assertThat(answers.split("Content-Length: 77", -1)).hasSize(3);
            assertThat(answers).contains("204 X").doesNotContain("chunked");
        }
    }

    @Test
    void aConnectionIsKeptForTheNextRequest() throws Exception {
        try (TestApp app = TestApp.answering(OK)) {
            show(app);
            try (Socket socket = open()) {
                for (int i = 0; i < 20; i++) {
                    socket.getOutputStream().write(request(app.port(), "GET /" + i).getBytes());
                    assertThat(TestApp.readHead(socket.getInputStream())).contains("200 OK");
                    assertThat(socket.getInputStream().readNBytes(2)).isEqualTo("hi".getBytes());
                }
            }
            String pipelined = request(app.port(), "GET /").repeat(5);
            assertThat(
                            raw(pipelined + request(app.port(), "GET /", "Connection: close"))
                                    .split("hi", -1))
                    .hasSize(7);
        }
    }

    @Test
    void eventsAreNotHeldBack() throws Exception {
        var next = new java.util.concurrent.Semaphore(0);
        TestApp.Behaviour events =
                (head, in, out) -> {
                    out.write(
                            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                                    .getBytes());
                    for (int i = 0; i < 3; i++) {
                        next.acquireUninterruptibly();
                        out.write(("data: " + i + "\n\n").getBytes());
                    }
                };
        try (var app = new TestApp(events);
                Socket socket = open()) {
            show(app);
            socket.getOutputStream().write(request(app.port(), "GET /").getBytes());
            assertThat(TestApp.readHead(socket.getInputStream())).contains("text/event-stream");
            for (int i = 0; i < 3; i++) {
                next.release(); // the next one is not written before this one has come
                byte[] chunk = socket.getInputStream().readNBytes("9\r\ndata: 0\n\n\r\n".length());
                assertThat(new String(chunk, ISO_8859_1)).contains("data: " + i);
            }
        }
    }

    @Test
    void largeBodiesPassInConstantMemory() throws Exception {
        TestApp.Behaviour mirror =
                (head, in, out) -> {
                    out.write(
                            ("HTTP/1.1 200 OK\r\nContent-Length: " + LARGE_BYTES + "\r\n\r\n")
                                    .getBytes());
                    pipe(in, out, LARGE_BYTES);
                };
        try (var app = new TestApp(mirror);
                Socket socket = open()) {
            show(app);
            String head =
                    request(
                            app.port(),
                            "POST /",
                            "Content-Length: " + LARGE_BYTES,
                            "Connection: close");
            socket.getOutputStream().write(head.getBytes());
            Thread up = Thread.ofVirtual().start(() -> fill(socket));
            assertThat(TestApp.readHead(socket.getInputStream())).contains("200 OK");
            var buffer = new byte[1 << 16];
            long size = 0;
            long sum = 0;
            for (int count = socket.getInputStream().read(buffer);
                    count >= 0;
                    count = socket.getInputStream().read(buffer)) {
                for (int i = 0; i < count; i++) {
                    sum += (buffer[i] & 0xff) == ((size + i) % 251) ? 0 : 1;
                }
                size += count;
            }
            up.join();
            assertThat(size).isEqualTo(LARGE_BYTES);
            assertThat(sum).as("wrong bytes").isZero();
        }
    }

    private static void fill(Socket socket) {
        var piece = new byte[251 * 256];
        for (int i = 0; i < piece.length; i++) {
            piece[i] = (byte) (i % 251);
        }
        try {
            OutputStream out = socket.getOutputStream();
            for (int sent = 0; sent < LARGE_BYTES; sent += piece.length) {
                out.write(piece, 0, Math.min(piece.length, LARGE_BYTES - sent));
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void pipe(InputStream in, OutputStream out, long bytes) throws IOException {
        var buffer = new byte[1 << 16];
        long left = bytes;
        while (left > 0) {
            int count = in.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (count < 0) {
                throw new IOException("too short by " + left);
            }
            out.write(buffer, 0, count);
            left -= count;
        }
    }

    @Test
    void aSlowReaderSlowsTheApplicationDown() throws Exception {
        var written = new java.util.concurrent.atomic.AtomicLong();
        TestApp.Behaviour endless =
                (head, in, out) -> {
                    out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes());
                    for (var piece = new byte[1 << 16]; ; written.addAndGet(piece.length)) {
                        out.write(piece);
                    }
                };
        try (var app = new TestApp(endless)) {
            show(app);
            try (Socket socket = open()) {
                socket.setReceiveBufferSize(1 << 16);
                socket.getOutputStream().write(request(app.port(), "GET /").getBytes());
                assertThat(TestApp.readHead(socket.getInputStream())).contains("200");
                long before = -1;
                while (written.get() != before) { // until it is stuck
                    before = written.get();
                    assertThat(app.ended.poll(300, TimeUnit.MILLISECONDS)).isNull();
                }
                assertThat(before).isLessThan(64 << 20);
            }
            assertThat(app.ended.poll(10, TimeUnit.SECONDS)).startsWith("broken");
        }
    }

    @Test
    void anAnswerMayComeBeforeTheWholeRequest() throws Exception {
        TestApp.Behaviour early =
                (head, in, out) ->
                        out.write("HTTP/1.1 413 Large\r\nContent-Length: 3\r\n\r\nno!".getBytes());
        try (var app = new TestApp(early)) {
            show(app);
            String head = request(app.port(), "POST /", "Content-Length: 8000000");
            assertThat(raw(head + "x".repeat(8_000_000))).contains("413 Large", "no!");
        }
    }

    @Test
    void theWordToSendIsGiven() throws Exception {
        TestApp.Behaviour one =
                (head, in, out) -> {
                    byte[] body = in.readNBytes(3);
                    out.write(
                            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + new String(body))
                                    .getBytes());
                };
        try (var app = new TestApp(one);
                Socket socket = open()) {
            show(app);
            String head =
                    request(
                            app.port(),
                            "POST /",
                            "Content-Length: 3",
                            "Expect: 100-continue",
                            "Connection: close");
            socket.getOutputStream().write(head.getBytes());
            assertThat(TestApp.readHead(socket.getInputStream())).startsWith("HTTP/1.1 100 ");
            socket.getOutputStream().write("abc".getBytes());
            assertThat(new String(socket.getInputStream().readAllBytes())).endsWith("abc");
            assertThat(app.head()).doesNotContain("Expect");
        }
    }

    @Test
    void anApplicationThatDoesNotAnswerIsLate() throws Exception {
        TestApp.Behaviour silent = (head, in, out) -> in.read();
        try (var app = new TestApp(silent)) {
            show(app);
            long start = System.nanoTime();
            assertThat(get(app.port(), "/", "Accept: text/html"))
                    .startsWith("HTTP/1.1 504")
                    .contains("<h1>The application does not answer</h1>");
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofMillis(900), Duration.ofSeconds(8));
        }
    }

    @Test
    void nobodyThereIsAPageThatTriesAgain() throws Exception {
        TestApp app = TestApp.answering(OK);
        show(app);
        app.close();
        assertThat(get(app.port(), "/", "Accept: text/html,*/*"))
                .startsWith("HTTP/1.1 502")
                .contains("Retry-After: 1", "http-equiv=\"refresh\"", "Content-Type: text/html")
                .contains("Nothing listens on this port yet");
        assertThat(get(app.port(), "/", "Accept: application/json"))
                .startsWith("HTTP/1.1 502")
                .contains("\"code\":\"port_not_listening\"");
        String head = raw(request(app.port(), "HEAD /", "Connection: close"));
        assertThat(head).startsWith("HTTP/1.1 502").endsWith("\r\n\r\n");
    }

    @Test
    void connectionsOfASandboxAreLimited() throws Exception {
        var held = new CountDownLatch(8);
        var release = new CountDownLatch(1);
        TestApp.Behaviour holding =
                (head, in, out) -> {
                    if (head.startsWith("GET /hold")) {
                        out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes());
                        held.countDown();
                        awaitQuietly(release);
                    } else {
                        out.write(OK.getBytes());
                    }
                };
        try (var app = new TestApp(holding)) {
            show(app);
            var sockets = new java.util.ArrayList<Socket>();
            for (int i = 0; i < 8; i++) {
                Socket socket = open();
                socket.getOutputStream()
                        .write(request(app.port(), "GET /hold", "Connection: close").getBytes());
                sockets.add(socket);
            }
            assertThat(held.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(get(app.port(), "/")).startsWith("HTTP/1.1 429").contains("Retry-After: 1");
            release.countDown();
            for (Socket socket : sockets) {
                socket.getInputStream().readAllBytes();
            }
        } finally {
            release.countDown();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
