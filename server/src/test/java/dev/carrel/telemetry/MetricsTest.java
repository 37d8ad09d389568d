package dev.carrel.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private final Metrics metrics = new Metrics();

    @Test
    void timersAndCountersAddUpByLabel() {
        metrics.record("carrel.turns", Duration.ofMillis(1500), "reason", "end");
        metrics.record("carrel.turns", Duration.ofMillis(500), "reason", "end");
        metrics.count("carrel.tokens", 7, "kind", "input");
        metrics.count("carrel.tokens", 3, "kind", "input");
        assertThat(metrics.scrape())
                .contains("carrel_turns_seconds_count{reason=\"end\"} 2")
                .contains("carrel_turns_seconds_sum{reason=\"end\"} 2.0")
                .contains("carrel_tokens_total{kind=\"input\"} 10.0");
    }

    @Test
    void aGaugeReadsItsValueWhenAskedAndTheLastOneOfANameCounts() {
        int[] value = {1};
        metrics.gauge("carrel.open", () -> -1);
        metrics.gauge("carrel.open", () -> value[0]);
        value[0] = 5;
        assertThat(metrics.scrape()).contains("carrel_open 5.0").doesNotContain("-1.0");
    }
}
