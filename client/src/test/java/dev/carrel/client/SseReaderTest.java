package dev.carrel.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SseReaderTest {
    private static List<SseReader.Item> read(String text) throws IOException {
        var items = new ArrayList<SseReader.Item>();
        try (var reader =
                new SseReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))) {
            for (Optional<SseReader.Item> item = reader.next();
                    item.isPresent();
                    item = reader.next()) {
                items.add(item.get());
            }
        }
        return items;
    }

    private static SseReader.Item item(String id, String name, String data) {
        return new SseReader.Item(Optional.ofNullable(id), name, data);
    }

    @Test
    void fieldsMakeAnEvent() throws IOException {
        assertThat(read("id: 7\nevent: a\ndata: {\"x\":\"ü\"}\n\ndata:b\n\n"))
                .containsExactly(item("7", "a", "{\"x\":\"ü\"}"), item("7", "message", "b"));
    }

    @Test
    void commentsAndEmptyBlocksAreNoEvents() throws IOException {
        assertThat(read(": open\n\nevent: lost\n\n: ping\n\ndata: x\n\n"))
                .containsExactly(item(null, "message", "x"));
    }

    @Test
    void severalDataLinesAreOneText() throws IOException {
        assertThat(read("data: a\ndata:  b\ndata:\n\n"))
                .containsExactly(item(null, "message", "a\n b\n"));
    }

    @Test
    void whatTheEndCutsOffIsDropped() throws IOException {
        assertThat(read("data: a\n\ndata: b\n")).containsExactly(item(null, "message", "a"));
    }
}
