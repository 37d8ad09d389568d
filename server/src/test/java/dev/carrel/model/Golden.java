package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/// Compares with the JSON files beside the tests.
final class Golden {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Golden() {}

    static void assertSame(JsonNode actual, String file) {
        try (InputStream in = Golden.class.getResourceAsStream(file)) {
            assertThat(in).as(file).isNotNull();
            // Through text, so that numbers of the same value are the same node.
            JsonNode again = MAPPER.readTree(MAPPER.writeValueAsString(actual));
            assertThat(again.toPrettyString())
                    .as(file)
                    .isEqualTo(MAPPER.readTree(in).toPrettyString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
