import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// One open stream of server-sent events, on a socket of its own. Used by one thread at a time.
final class EventReader implements AutoCloseable {
    private static final int STALL_MILLIS_MAX = 60_000;

    private final Socket socket = new Socket();
    private final BufferedReader lines;
    private long entries;

    /// Returns when the stream is open.
    EventReader(URI server, String path, String key) throws IOException {
        socket.setReceiveBufferSize(16 << 10);
        socket.setSoTimeout(STALL_MILLIS_MAX);
        socket.connect(new java.net.InetSocketAddress(server.getHost(), server.getPort()));
        String head = "GET " + path + " HTTP/1.1\r\nHost: " + server.getAuthority()
                + "\r\nAccept: text/event-stream\r\nAuthorization: Bearer " + key + "\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8), 1024);
        for (String line = line(); !line.startsWith(":") && !line.startsWith("id:"); line = line()) {
            if (line.startsWith("HTTP/1.1") && !line.contains(" 200 ")) {
                throw new IOException(line);
            }
        }
    }

    /// What came until the next turn ended, without live pieces.
    List<JsonNode> awaitEnd() throws IOException {
        var seen = new ArrayList<JsonNode>();
        while (seen.isEmpty() || !seen.getLast().path("type").asText().equals("turn.completed")) {
            seen.add(awaitEntry());
        }
        return seen;
    }

    JsonNode awaitEntry() throws IOException {
        while (true) {
            String line = line();
            if (line.startsWith("data:")) {
                entries++;
                JsonNode data = Target.JSON.readTree(line.substring(5));
                if (data.has("seq")) {
                    return data;
                }
            }
        }
    }

    private String line() throws IOException {
        String line = lines.readLine();
        if (line == null) {
            throw new IOException("the stream ended");
        }
        return line;
    }

    /// Entries and live pieces that were read.
    long entries() {
        return entries;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
