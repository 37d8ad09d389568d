package dev.carrel.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.wire.FileEventInfo;
import dev.carrel.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// What happens to the files of a directory, as it happens. Used by one thread; another one may
/// close it.
public final class FileEvents implements AutoCloseable {
    private static final String CLOSED = "closed";

    private final SseReader reader;
    private volatile boolean closed;
    private boolean ended;

    FileEvents(InputStream stream) {
        this.reader = new SseReader(stream);
    }

    /// Waits for the next event; empty after the one whose kind is `closed`, and once this is
    /// closed. Fails with what the server says, and with [UnreachableException] when the connection
    /// breaks: what happens until the next call is then not told.
    public Optional<FileEventInfo> next() {
        if (ended || closed) {
            return Optional.empty();
        }
        try {
            SseReader.Item item =
                    reader.next().orElseThrow(() -> new IOException("the stream broke off"));
            if (item.name().equals("error")) {
                throw Transport.failure(0, item.data().getBytes(StandardCharsets.UTF_8));
            }
            ended = item.name().equals(CLOSED);
            ObjectNode fields = (ObjectNode) Json.lenient().readTree(item.data());
            fields.put("kind", item.name());
            return Optional.of(Json.lenient().treeToValue(fields, FileEventInfo.class));
        } catch (IOException | ClassCastException e) {
            if (closed) {
                return Optional.empty();
            }
            throw new UnreachableException("The stream of file events broke off", e);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            reader.close();
        } catch (IOException e) {
            // Nothing is read from it any more.
        }
    }
}
