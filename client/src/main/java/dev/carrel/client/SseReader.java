package dev.carrel.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads server-sent events (WHATWG HTML, 9.2.6). Used by one thread.
final class SseReader implements AutoCloseable {
    /// One event. `name` is `message` where the server gave none, `id` the last one seen.
    record Item(Optional<String> id, String name, String data) {}

    private final InputStream stream;
    private final BufferedReader lines;
    private @Nullable String id;

    SseReader(InputStream stream) {
        this.stream = stream;
        this.lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
    }

    /// Blocks for the next event; empty at the end of the stream. An event that the end cuts off is
    /// dropped.
    Optional<Item> next() throws IOException {
        String name = "message";
        StringBuilder data = null;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.isEmpty()) {
                if (data != null) {
                    return Optional.of(new Item(Optional.ofNullable(id), name, data.toString()));
                }
                name = "message";
            } else if (line.startsWith("data:")) {
                data = data == null ? new StringBuilder() : data.append('\n');
                data.append(value(line, 5));
            } else if (line.startsWith("event:")) {
                name = value(line, 6);
            } else if (line.startsWith("id:")) {
                id = value(line, 3);
            }
        }
        return Optional.empty();
    }

    private static String value(String line, int from) {
        return line.startsWith(" ", from) ? line.substring(from + 1) : line.substring(from);
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }
}
