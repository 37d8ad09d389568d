package dev.carrel.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class PathTemplateTest {
    private static final PathTemplate FILE = PathTemplate.of("/v1/sandboxes/{id}/files/{path...}");
    private static final PathTemplate ONE = PathTemplate.of("/v1/sandboxes/{id}");

    @Test
    void aParameterIsOneSegment() {
        assertThat(ONE.match("/v1/sandboxes/sbx_1")).contains(Map.of("id", "sbx_1"));
        assertThat(ONE.match("/v1/sandboxes/sbx_1/")).isEmpty();
        assertThat(ONE.match("/v1/sandboxes/sbx_1/files")).isEmpty();
        assertThat(ONE.match("/v1/sandboxes/")).isEmpty();
        assertThat(ONE.match("/v1/sandboxes")).isEmpty();
        assertThat(ONE.match("v1/sandboxes/x")).isEmpty();
    }

    @Test
    void aRestKeepsEverySlashDotAndEscape() {
        String raw = "workspace/../%2e%2e//a%2Fb;c/";
        assertThat(FILE.match("/v1/sandboxes/s/files/" + raw))
                .contains(Map.of("id", "s", "path", raw));
    }

    @Test
    void aRestMayBeEmptyButItsSlashMustBeThere() {
        assertThat(FILE.match("/v1/sandboxes/s/files/")).contains(Map.of("id", "s", "path", ""));
        assertThat(FILE.match("/v1/sandboxes/s/files")).isEmpty();
    }

    @Test
    void namesComeInOrder() {
        assertThat(FILE.names()).containsExactly("id", "path");
    }
}
