package dev.carrel.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/// What the server counts about itself, in memory only: nothing is sent anywhere.
///
/// Any thread may call any method. Label values must come from small fixed sets (route templates,
/// states), never from callers: each combination is a time series kept for ever.
public final class Metrics {
    public static final String TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

    private record Key(String name, Tags tags) {}

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ConcurrentMap<Key, Timer> timers = new ConcurrentHashMap<>();
    private final ConcurrentMap<Key, Counter> counters = new ConcurrentHashMap<>();

    /// `labels` are keys and values in turn.
    public void record(String name, Duration duration, String... labels) {
        timers.computeIfAbsent(
                        new Key(name, Tags.of(labels)),
                        key -> Timer.builder(key.name).tags(key.tags).register(registry))
                .record(duration);
    }

    public void count(String name, long amount, String... labels) {
        counters.computeIfAbsent(
                        new Key(name, Tags.of(labels)),
                        key -> Counter.builder(key.name).tags(key.tags).register(registry))
                .increment((double) amount);
    }

    /// Reads `value` whenever somebody asks for the metrics; it must be quick. Replaces an earlier
    /// one of this name.
    public void gauge(String name, Supplier<Number> value) {
        registry.find(name).gauges().forEach(registry::remove);
        Gauge.builder(name, value).register(registry);
    }

    /// Everything, in Prometheus' text format.
    public String scrape() {
        return registry.scrape();
    }
}
