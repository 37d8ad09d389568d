package dev.carrel.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearestTest {
    private static final List<String> KEYS =
            List.of("name", "model", "role", "skills", "allowedTools", "base_url", "api_key");

    @Test
    void findsTheNameBehindATypingMistake() {
        assertThat(Nearest.to("modle", KEYS)).contains("model");
        assertThat(Nearest.to("skill", KEYS)).contains("skills");
        assertThat(Nearest.to("allowdTools", KEYS)).contains("allowedTools");
        assertThat(Nearest.to("nmae", KEYS)).contains("name");
    }

    @Test
    void ignoresCaseAndDashes() {
        assertThat(Nearest.to("ALLOWEDTOOLS", KEYS)).contains("allowedTools");
        assertThat(Nearest.to("base-url", KEYS)).contains("base_url");
    }

    @Test
    void givesNoSillyHint() {
        assertThat(Nearest.to("temperature", KEYS)).isEmpty();
        assertThat(Nearest.to("x", List.of("yz"))).isEmpty();
        assertThat(Nearest.to("", KEYS)).isEmpty();
        assertThat(Nearest.to("name", List.of())).isEmpty();
    }

    @Test
    void aSwapOfNeighboursIsOneEdit() {
        assertThat(Nearest.to("ab", List.of("ba"))).contains("ba");
    }

    @Test
    void theFirstOfEqualsWinsWhateverTheOrder() {
        assertThat(Nearest.to("bash", List.of("dash", "cash"))).contains("cash");
        assertThat(Nearest.to("bash", List.of("cash", "dash"))).contains("cash");
    }

    @Test
    void hugeInputIsNotCompared() {
        String huge = "a".repeat(1_000_000);
        assertThat(Nearest.to(huge, List.of(huge))).isEmpty();
        assertThat(Nearest.to("a", List.of(huge))).isEmpty();
    }
}
