package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class MemoryTimeTest {
    @Test
    void moreMemoryHasMoreTimeUpToALimit() {
        assertThat(MemoryTime.limit(32)).isEqualTo(Duration.ofSeconds(47));
        assertThat(MemoryTime.limit(2048)).isEqualTo(Duration.ofSeconds(173));
        assertThat(MemoryTime.limit(1 << 20)).isEqualTo(Duration.ofMinutes(4));
    }
}
