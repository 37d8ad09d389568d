package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Previews that change to another protocol, a WebSocket's.
class PreviewSocketIT extends PreviewStage {
    /// Greets, and says again what it hears.
    private static final TestApp.Behaviour ECHO =
            (head, in, out) -> {
                out.write(
                        ("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                                        + "Sec-WebSocket-Accept: x\r\n\r\nfirst")
                                .getBytes());
                in.transferTo(out);
            };

    @Test
    void anotherProtocolIsBytesInBothDirections() throws Exception {
        try (var app = new TestApp(ECHO)) {
            show(app);
            try (Socket socket = open()) {
                upgrade(socket, app.port());
                assertThat(new String(socket.getInputStream().readNBytes(5))).isEqualTo("first");
                var piece = new byte[100_000];
                new java.util.Random(7).nextBytes(piece);
                for (int i = 0; i < 10; i++) {
                    socket.getOutputStream().write(piece);
                    assertThat(socket.getInputStream().readNBytes(piece.length)).isEqualTo(piece);
                }
            }
            assertThat(app.head())
                    .contains("Upgrade: websocket\r\n", "Connection: Upgrade\r\n")
                    .contains("Sec-WebSocket-Key: k\r\n");
            assertThat(app.ended.poll(10, TimeUnit.SECONDS)).isEqualTo("done");
        }
    }

    @Test
    void whatAClientSendsResumesAPausedSandbox() throws Exception {
        try (var app = new TestApp(ECHO)) {
            show(app);
            try (Socket socket = open()) {
                upgrade(socket, app.port());
                assertThat(new String(socket.getInputStream().readNBytes(5))).isEqualTo("first");
                assertThat(client.sandboxes().pause(sandbox).state()).isEqualTo("paused");

                socket.getOutputStream().write("again".getBytes());

                assertThat(new String(socket.getInputStream().readNBytes(5))).isEqualTo("again");
                assertThat(client.sandboxes().get(sandbox).state()).isEqualTo("running");
            }
        }
    }

    private void upgrade(Socket socket, int port) throws IOException {
        String head =
                request(
                        port,
                        "GET /ws",
                        "Connection: keep-alive, Upgrade",
                        "Upgrade: WebSocket",
                        "Sec-WebSocket-Key: k");
        socket.getOutputStream().write(head.getBytes());
        assertThat(TestApp.readHead(socket.getInputStream()))
                .startsWith("HTTP/1.1 101 ")
                .contains("Upgrade: websocket\r\n", "Connection: Upgrade\r\n")
                .contains("Sec-WebSocket-Accept: x\r\n")
                .doesNotContain("Content-Length", "Transfer-Encoding", "close");
    }

    @Test
    void anEndOnEitherSideIsAnEndOnTheOther() throws Exception {
        TestApp.Behaviour closing =
                (head, in, out) ->
                        out.write(
                                ("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                                                + "Sec-WebSocket-Accept: x\r\n\r\nbye")
                                        .getBytes());
        try (var app = new TestApp(closing);
                Socket socket = open()) {
            show(app);
            upgrade(socket, app.port());
            assertThat(new String(socket.getInputStream().readAllBytes())).isEqualTo("bye");
        }
        var waiting = new CountDownLatch(1);
        TestApp.Behaviour silent =
                (head, in, out) -> {
                    waiting.countDown();
                    if (in.read() < 0) {
                        throw new IOException("gone");
                    }
                };
        try (var app = new TestApp(silent)) {
            show(app);
            try (Socket socket = open()) {
                socket.getOutputStream().write(request(app.port(), "GET /").getBytes());
                assertThat(waiting.await(10, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(app.ended.poll(900, TimeUnit.MILLISECONDS))
                    .as("before the application is late")
                    .isEqualTo("broken: gone");
        }
    }
}
