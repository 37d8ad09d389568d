package dev.carrel.attack;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/// Sends requests as they are written: a client library would mend the paths first.
record RawHttp(URI server, String key) {
    private static final Duration WAIT_MAX = Duration.ofSeconds(10);
    private static final int ANSWER_BYTES_MAX = 1 << 20;

    /// The whole answer, head included, at most the first MiB. One connection each.
    String send(String method, String target, String body) throws IOException {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        String head =
                "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                        .formatted(method, target, server.getPort(), key, content.length);
        try (var socket = new Socket(server.getHost(), server.getPort())) {
            socket.setSoTimeout((int) WAIT_MAX.toMillis());
            socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().write(content);
            socket.getOutputStream().flush();
            byte[] answer = socket.getInputStream().readNBytes(ANSWER_BYTES_MAX);
            return new String(answer, StandardCharsets.ISO_8859_1);
        }
    }

    static int status(String answer) {
        return Integer.parseInt(answer.split(" ", 3)[1]);
    }
}
