package dev.carrel.api;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.carrel.wire.PortInfo;
import dev.carrel.wire.PortRequest;
import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/// Raw requests to the previews of one sandbox, whose applications are the test's own.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
abstract class PreviewStage extends ApiStage {
    @AfterEach
    void forgetPorts() {
        var ports = client.sandboxes().ports();
        ports.list(sandbox).data().forEach(port -> ports.remove(sandbox, port.port()));
    }

    /// The host of a preview, as browsers name it.
    final String host(int port) {
        return port + "-" + sandbox.replace('_', '-') + ".preview.test";
    }

    final int show(TestApp app) {
        return client.sandboxes()
                .ports()
                .register(sandbox, PortRequest.of(app.port()).openToAll())
                .port();
    }

    final PortInfo hide(TestApp app) {
        return client.sandboxes().ports().register(sandbox, PortRequest.of(app.port()));
    }

    final Socket open() throws IOException {
        var socket = new Socket("127.0.0.1", server.uri().getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    /// Sends and reads until the server closes.
    final String raw(String request) throws IOException {
        try (Socket socket = open()) {
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }
    }

    final String request(int port, String line, String... fields) {
        var text = new StringBuilder(line).append(" HTTP/1.1\r\nHost: ").append(host(port));
        for (String field : fields) {
            text.append("\r\n").append(field);
        }
        return text.append("\r\n\r\n").toString();
    }

    final String get(int port, String target, String... fields) throws IOException {
        String[] all = java.util.Arrays.copyOf(fields, fields.length + 1);
        all[fields.length] = "Connection: close";
        return raw(request(port, "GET " + target, all));
    }
}
