package dev.carrel.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PercentTest {
    @Test
    void decodesOnceOnly() {
        assertThat(Percent.decode("a%252e")).contains("a%2e");
        assertThat(Percent.decode("%2e%2E/%2f")).contains("..//");
        assertThat(Percent.decode("a%00b")).contains("a\0b");
        assertThat(Percent.decode("gr%C3%BC%C3%9Fe+x")).contains("grüße+x");
        assertThat(Percent.decode("plain/../x")).contains("plain/../x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"%", "a%2", "%zz", "%c3", "%ff", "%c0%ae", "ü%20", "\ufffd"})
    void refusesWhatIsNoEscapedUtf8(String raw) {
        assertThat(Percent.decode(raw)).isEmpty();
    }
}
