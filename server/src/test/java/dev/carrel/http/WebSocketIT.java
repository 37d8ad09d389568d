package dev.carrel.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.telemetry.Metrics;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WebSocketIT {
    private static final int FIN = 0x80;

    private HttpServer server;
    private Socket socket;
    private DataInputStream in;

    @BeforeEach
    void start() throws IOException {
        Route echo =
                Route.of(
                        HttpMethod.GET,
                        "/echo",
                        RouteDoc.of("Says it again"),
                        request -> Response.webSocket(request, WebSocketIT::echo));
        var settings =
                new HttpSettings(
                        "127.0.0.1",
                        0,
                        100,
                        Duration.ofMillis(300),
                        Duration.ofMillis(900),
                        Duration.ofSeconds(3));
        server = HttpServer.start(settings, List.of(echo), key -> Optional.of(key), new Metrics());
        socket = new Socket("127.0.0.1", server.port());
        socket.setSoTimeout(20_000);
        in = new DataInputStream(socket.getInputStream());
    }

    @AfterEach
    void stop() throws IOException {
        socket.close();
        server.close();
    }

    private static void echo(WebSocket socket) {
        for (Optional<WebSocket.Message> message = socket.receive();
                message.isPresent();
                message = socket.receive()) {
            switch (message.get()) {
                case WebSocket.Message.Text(String text) -> {
                    if (text.equals("fail")) {
                        throw new IllegalStateException("as asked");
                    }
                    socket.send(text);
                }
                case WebSocket.Message.Bytes bytes -> socket.send(bytes.bytes());
            }
        }
    }

    private String ask(String... lines) throws IOException {
        String head = "GET /echo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n";
        String request = head + String.join("\r\n", lines) + "\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(US_ASCII));
        var answer = new ByteArrayOutputStream();
        while (!answer.toString(US_ASCII).endsWith("\r\n\r\n")) {
            answer.write(in.readByte());
        }
        return answer.toString(US_ASCII);
    }

    private void open() throws IOException {
        assertThat(
                        ask(
                                "Upgrade: websocket",
                                "Connection: keep-alive, Upgrade",
                                "Sec-WebSocket-Version: 13",
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
                .startsWith("HTTP/1.1 101 ")
                .contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    }

    private void send(int first, byte[] payload) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(14 + payload.length).put((byte) first);
        if (payload.length < 126) {
            frame.put((byte) (0x80 | payload.length));
        } else if (payload.length < 1 << 16) {
            frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
        } else {
            frame.put((byte) (0x80 | 127)).putLong(payload.length);
        }
        byte[] mask = {1, 2, 3, 4};
        frame.put(mask);
        for (int i = 0; i < payload.length; i++) {
            frame.put((byte) (payload[i] ^ mask[i & 3]));
        }
        socket.getOutputStream().write(frame.array(), 0, frame.position());
    }

    private void expect(int first, byte[] payload) throws IOException {
        int[] head = next();
        assertThat(head[0]).isEqualTo(first);
        var got = new byte[head[1]];
        in.readFully(got);
        assertThat(got).isEqualTo(payload);
    }

    /// The head of the next frame that is no ping: its first byte and its length.
    private int[] next() throws IOException {
        int first = in.readUnsignedByte();
        int length = in.readUnsignedByte();
        length = length == 126 ? in.readUnsignedShort() : length;
        length = length == 127 ? (int) in.readLong() : length;
        return first == (FIN | 9) ? next() : new int[] {first, length};
    }

    private void expectClose(int code) throws IOException {
        int[] head = next();
        assertThat(head[0]).isEqualTo(FIN | 8);
        assertThat(in.readUnsignedShort()).isEqualTo(code);
        in.readFully(new byte[head[1] - 2]);
        send(FIN | 8, new byte[] {(byte) (code >> 8), (byte) code});
        try {
            assertThat(in.read()).isEqualTo(-1);
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @Test
    void messagesOfAllSizesComeBack() throws Exception {
        open();
        for (int size : new int[] {0, 1, 125, 126, 65_535, 65_536}) {
            var payload = new byte[size];
            java.util.Arrays.fill(payload, (byte) size);
            send(FIN | 2, payload);
            expect(FIN | 2, payload);
        }
        send(FIN | 1, "grün".getBytes(UTF_8));
        expect(FIN | 1, "grün".getBytes(UTF_8));
    }

    @Test
    void aMessageInPartsIsOneAndPingsComeInBetween() throws Exception {
        open();
        send(1, "gr".getBytes(UTF_8));
        send(FIN | 9, "now".getBytes(UTF_8));
        send(0, new byte[] {(byte) 0xc3});
        send(FIN, new byte[] {(byte) 0xbc, 'n'});
        expect(FIN | 10, "now".getBytes(UTF_8));
        expect(FIN | 1, "grün".getBytes(UTF_8));
    }

    @Test
    void aGoodbyeIsAnswered() throws Exception {
        open();
        send(FIN | 8, new byte[] {3, (byte) 0xe8});
        expect(FIN | 8, new byte[] {3, (byte) 0xe8});
    }

    @Test
    void aGoodbyeThatSaysNothingIsAnswered() throws Exception {
        open();
        send(FIN | WebSocketFrames.CLOSE, new byte[0]);
        expect(FIN | WebSocketFrames.CLOSE, new byte[0]);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535})
    void aGoodbyeWithACodeThatMayNotBeSentBreaksIt(int code) throws Exception {
        open();
        send(FIN | WebSocketFrames.CLOSE, new byte[] {(byte) (code >> 8), (byte) code});
        expectClose(1002);
    }

    @Test
    void aGoodbyeOfHalfACodeBreaksIt() throws Exception {
        open();
        send(FIN | WebSocketFrames.CLOSE, new byte[] {3});
        expectClose(1002);
    }

    @Test
    void aGoodbyeMustBeText() throws Exception {
        open();
        send(FIN | WebSocketFrames.CLOSE, new byte[] {3, (byte) 0xe8, (byte) 0xff});
        expectClose(1007);
    }

    @Test
    void whatBreaksTheProtocolIsToldWhy() throws Exception {
        open();
        socket.getOutputStream().write(new byte[] {(byte) (FIN | 1), 1, 'x'}); // no mask
        expectClose(1002);
    }

    @Test
    void partsOutOfOrderBreakIt() throws Exception {
        open();
        send(FIN, new byte[1]);
        expectClose(1002);
    }

    @Test
    void unknownFramesBreakIt() throws Exception {
        open();
        send(FIN | 0x40 | 1, new byte[1]);
        expectClose(1002);
    }

    @Test
    void tooLargeAMessageIsRefusedByItsHead() throws Exception {
        open();
        ByteBuffer head = ByteBuffer.allocate(14).put((byte) (FIN | 2)).put((byte) 0xff);
        socket.getOutputStream().write(head.putLong(Long.MAX_VALUE).array());
        expectClose(1009);
    }

    @Test
    void tooManyPartsAreTooLarge() throws Exception {
        open();
        send(2, new byte[60_000]);
        send(0, new byte[6_000]);
        expectClose(1009);
    }

    @Test
    void textMustBeText() throws Exception {
        open();
        send(FIN | 1, new byte[] {(byte) 0xff});
        expectClose(1007);
    }

    @Test
    void aHandlerThatFailsSaysSo() throws Exception {
        open();
        send(FIN | 1, "fail".getBytes(UTF_8));
        expectClose(1011);
    }

    @Test
    void aClientThatIsSilentAndDeadIsCut() throws Exception {
        open();
        assertThat(in.readUnsignedByte()).isEqualTo(FIN | 9);
        in.readUnsignedByte();
        // No pong: after 1.2 seconds of nothing.
        int last = 0;
        try {
            for (int got = in.read(); got >= 0; got = in.read()) {
                last = got;
            }
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
        assertThat(last).isZero();
    }

    @Test
    void requestsThatAreNoneAreAnswered() throws Exception {
        assertThat(ask("Accept: x")).startsWith("HTTP/1.1 426 ");
    }

    @Test
    void aBadKeyIsRefused() throws Exception {
        assertThat(
                        ask(
                                "Upgrade: websocket",
                                "Connection: Upgrade",
                                "Sec-WebSocket-Version: 13",
                                "Sec-WebSocket-Key: short"))
                .startsWith("HTTP/1.1 400 ");
    }

    @Test
    void anotherVersionIsRefused() throws Exception {
        assertThat(
                        ask(
                                "Upgrade: websocket",
                                "Connection: Upgrade",
                                "Sec-WebSocket-Version: 8",
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
                .startsWith("HTTP/1.1 426 ");
    }
}
