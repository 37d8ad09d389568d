package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.SettableClock;
import dev.carrel.telemetry.Metrics;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final SettableClock clock = SettableClock.atNoon();
    private final CircuitBreaker breaker = new CircuitBreaker(clock);
    private final Metrics metrics = new Metrics();
    private final Deque<Supplier<ChatAnswer>> replies = new ArrayDeque<>();
    private final WatchedModel model =
            new WatchedModel(
                    "acme",
                    (_, listener, _) -> {
                        listener.text("…");
                        return replies.removeFirst().get();
                    },
                    breaker,
                    PriceTable.builtIn(),
                    metrics,
                    (time, cancellation) -> {
                        cancellation.throwIfCancelled();
                        clock.tick(time);
                    },
                    Duration.ZERO);

    private static ChatAnswer hello(Usage usage) {
        var message = new Message.Assistant("Hello you", "", Optional.empty(), List.of());
        return new ChatAnswer(message, FinishReason.STOP, usage, "x");
    }

    private ChatAnswer ask() {
        return model.chat(
                Chats.request(Chats.user("Hello")), ChatListener.NONE, new Cancellation());
    }

    private void assertFails(ErrorCode code) {
        replies.addLast(() -> {
            throw new CarrelException(code, "it said " + code);
        });
        assertThatThrownBy(this::ask).hasMessageContaining("it said " + code);
    }

    private void open() {
        for (int i = 0; i < CircuitBreaker.FAILURES_MAX; i++) {
            assertFails(ErrorCode.MODEL_UNAVAILABLE);
        }
        assertThat(model.health().state()).isEqualTo(ProviderHealth.State.OPEN);
    }

    @Test
    void opensAfterFailuresAndSaysSoWithoutAsking() {
        open();

        assertThatThrownBy(this::ask)
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_CIRCUIT_OPEN))
                .hasMessageContaining("acme is not asked before 2026-")
                .hasMessageContaining("it said MODEL_UNAVAILABLE");
        assertThat(model.health().retryAt()).contains(clock.instant().plus(CircuitBreaker.PAUSE));
        assertThat(metrics.scrape())
                .contains("carrel_model_circuit_opened_total{provider=\"acme\"} 1.0")
                .contains("outcome=\"model_unavailable\",provider=\"acme\"} 3.0")
                .contains("outcome=\"circuit_open\",provider=\"acme\"} 1.0");
    }

    @Test
    void whoHasNoOtherModelWaitsForAClosedCircuit() {
        open();
        replies.addLast(() -> hello(new Usage(1, 1, 0, 0, 0)));
        Instant before = clock.instant();
        var request = Chats.request(Chats.user("Hello"));
        ChatAnswer answer = model.patient().chat(request, ChatListener.NONE, new Cancellation());
        assertThat(answer.message().text()).isEqualTo("Hello you");
        assertThat(Duration.between(before, clock.instant())).isEqualTo(CircuitBreaker.PAUSE);
    }

    @Test
    void itDoesNotWaitLongerThanBetweenAttempts() {
        open();
        Instant before = clock.instant();
        var request = Chats.request(Chats.user("Hello"));
        // Another's call is always the one that tries, and never comes back.
        var unlucky =
                new WatchedModel(
                        "acme",
                        model,
                        breaker,
                        PriceTable.builtIn(),
                        metrics,
                        (time, _) -> {
                            clock.tick(time);
                            breaker.begin();
                        },
                        Duration.ZERO);
        assertThatThrownBy(() ->
                        unlucky.patient().chat(request, ChatListener.NONE, new Cancellation()))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_CIRCUIT_OPEN));
        assertThat(Duration.between(before, clock.instant()))
                .isEqualTo(RetryPolicy.DEFAULT.pausesMax());

        var cancelled = new Cancellation();
        cancelled.cancel();
        assertThatThrownBy(() -> model.patient().chat(request, ChatListener.NONE, cancelled))
                .isInstanceOf(Cancellation.CancelledException.class);
    }

    @Test
    void afterThePauseOneCallTriesAndAnAnswerClosesIt() {
        open();
        clock.tick(CircuitBreaker.PAUSE);
        assertThat(breaker.begin()).isInstanceOf(CircuitBreaker.Probe.class);
        assertThat(breaker.begin()).isInstanceOf(CircuitBreaker.Refused.class);

        breaker.answered();

        assertThat(breaker.begin()).isInstanceOf(CircuitBreaker.Go.class);
        assertThat(model.health().state()).isEqualTo(ProviderHealth.State.OK);
    }

    @Test
    void aProbeThatFailsOpensItForAnotherPause() {
        open();
        clock.tick(CircuitBreaker.PAUSE);
        assertThat(breaker.begin()).isInstanceOf(CircuitBreaker.Probe.class);

        breaker.failed("again");

        clock.tick(CircuitBreaker.PAUSE.minus(SECOND));
        assertThat(breaker.begin()).isInstanceOf(CircuitBreaker.Refused.class);
        clock.tick(SECOND);
        assertThat(breaker.begin()).isInstanceOf(CircuitBreaker.Probe.class);
    }

    @Test
    void theFirstPieceOfAProbesAnswerLetsTheOthersIn() {
        open();
        clock.tick(CircuitBreaker.PAUSE);
        replies.addLast(() -> {
            assertThat(breaker.begin()).isInstanceOf(CircuitBreaker.Go.class);
            return hello(Usage.NONE);
        });
        assertThat(ask().message().text()).isEqualTo("Hello you");
    }

    @Test
    void aProbeThatNeverComesBackIsNotWaitedForForEver() {
        open();
        clock.tick(CircuitBreaker.PAUSE);
        assertThat(breaker.begin()).isInstanceOf(CircuitBreaker.Probe.class);
        clock.tick(CircuitBreaker.PAUSE);
        assertThat(breaker.begin()).isInstanceOf(CircuitBreaker.Probe.class);
    }

    @Test
    void failuresFarApartOrWithAnAnswerBetweenDoNotOpenIt() {
        for (int i = 0; i < 10; i++) {
            assertFails(ErrorCode.MODEL_UNAVAILABLE);
            clock.tick(CircuitBreaker.WINDOW.plus(SECOND));
        }
        for (int i = 0; i < 10; i++) {
            assertFails(ErrorCode.MODEL_RATE_LIMITED);
            assertFails(ErrorCode.MODEL_RATE_LIMITED);
            replies.addLast(() -> hello(Usage.NONE));
            ask();
        }
        assertThat(model.health().state()).isEqualTo(ProviderHealth.State.OK);
    }

    @Test
    void whatTheProviderRefusesIsNoFailureOfIts() {
        for (int i = 0; i < 10; i++) {
            assertFails(ErrorCode.MODEL_REFUSED_REQUEST);
            assertFails(ErrorCode.MODEL_BAD_ANSWER);
            assertFails(ErrorCode.MODEL_CONTEXT_OVERFLOW);
        }
        assertThat(model.health().state()).isEqualTo(ProviderHealth.State.OK);
    }

    @Test
    void aRefusedKeyStaysToBeSeenAndKeepsNobodyAway() {
        for (int i = 0; i < 10; i++) {
            assertFails(ErrorCode.MODEL_UNAUTHORIZED);
        }
        assertThat(model.health())
                .isEqualTo(
                        new ProviderHealth(
                                "acme",
                                ProviderHealth.State.FAILING,
                                Optional.of("it said MODEL_UNAUTHORIZED"),
                                Optional.empty()));
    }

    @Test
    void aCancelledCallIsNoFailure() {
        replies.addLast(() -> {
            throw new Cancellation.CancelledException();
        });
        assertThatThrownBy(this::ask).isInstanceOf(Cancellation.CancelledException.class);
        assertThat(model.health().state()).isEqualTo(ProviderHealth.State.OK);
        assertThat(metrics.scrape()).contains("outcome=\"cancelled\"");
    }

    @Test
    void whatAProviderDoesNotCountIsEstimated() {
        replies.addLast(() -> hello(new Usage(0, 0, 0, 0, 0)));
        Usage usage = ask().usage();
        assertThat(usage.outputTokens()).isPositive();
        assertThat(usage.inputTokens()).isPositive();
    }
}
