package dev.carrel.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/// A provider that speaks OpenAI's protocol and answers from a script. Its streams can be cut
/// before any piece.
final class ChaosProvider implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PIECE_CHARS = 16;

    private final ServerSocket server;
    private final BooleanSupplier cut;

    /// `cut` is asked before each piece.
    ChaosProvider(BooleanSupplier cut) throws IOException {
        this.cut = cut;
        this.server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private void accept() {
        try {
            while (true) {
                Socket connection = server.accept();
                Thread.ofVirtual().start(() -> serve(connection));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            JsonNode request = request(new BufferedInputStream(connection.getInputStream()));
            OutputStream out = connection.getOutputStream();
            out.write(
                    ("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n"
                                    + "transfer-encoding: chunked\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            for (String event : events(ChaosScript.answer(request.path("messages")))) {
                if (cut.getAsBoolean()) {
                    return;
                }
                byte[] bytes = ("data: " + event + "\n\n").getBytes(StandardCharsets.UTF_8);
                out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes());
                out.write(bytes);
                out.write("\r\n".getBytes());
                out.flush();
            }
            out.write("0\r\n\r\n".getBytes());
        } catch (IOException e) {
            // The server has gone.
        }
    }

    private static JsonNode request(InputStream in) throws IOException {
        int length = 0;
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            if (line.toLowerCase().startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).strip());
            }
        }
        return JSON.readTree(in.readNBytes(length));
    }

    private static String line(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            line.append((char) b);
        }
        return line.toString().stripTrailing();
    }

    private static List<String> events(ChaosScript.Answer answer) {
        var events = new ArrayList<String>();
        for (String piece : pieces(answer.text())) {
            events.add(event(JSON.createObjectNode().put("content", piece), null));
        }
        for (int i = 0; i < answer.calls().size(); i++) {
            ChaosScript.Call call = answer.calls().get(i);
            events.add(event(call(i, call.id(), call.tool(), ""), null));
            for (String piece : pieces(call.arguments())) {
                events.add(event(call(i, null, null, piece), null));
            }
        }
        events.add(
                event(JSON.createObjectNode(), answer.calls().isEmpty() ? "stop" : "tool_calls"));
        events.add("[DONE]");
        return events;
    }

    private static List<String> pieces(String text) {
        var pieces = new ArrayList<String>();
        for (int from = 0; from < text.length(); from += PIECE_CHARS) {
            pieces.add(text.substring(from, Math.min(text.length(), from + PIECE_CHARS)));
        }
        return pieces;
    }

    private static ObjectNode call(int index, String id, String name, String arguments) {
        ObjectNode delta = JSON.createObjectNode();
        ObjectNode call = delta.putArray("tool_calls").addObject().put("index", index);
        if (id != null) {
            call.put("id", id);
        }
        ObjectNode function = call.putObject("function").put("arguments", arguments);
        if (name != null) {
            function.put("name", name);
        }
        return delta;
    }

    private static String event(ObjectNode delta, String finish) {
        ObjectNode chunk = JSON.createObjectNode().put("model", "chaos");
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", 0);
        choice.set("delta", delta);
        choice.put("finish_reason", finish);
        return chunk.toString();
    }
}
