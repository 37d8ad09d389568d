package dev.carrel.model;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.telemetry.Metrics;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A provider's model with what every call goes through: the circuit breaker, the price of the
/// answer, and the count of outcomes. Any number of threads may call it.
final class WatchedModel implements ChatModel {
    private static final Logger LOG = LoggerFactory.getLogger(WatchedModel.class);

    private final String provider;
    private final ChatModel model;
    private final CircuitBreaker breaker;
    private final PriceTable prices;
    private final Metrics metrics;
    private final Pause pause;
    private final Duration patience;

    /// How often a call that waits for a closed circuit looks.
    static final Duration LOOK = Duration.ofSeconds(1);

    WatchedModel(
            String provider,
            ChatModel model,
            CircuitBreaker breaker,
            PriceTable prices,
            Metrics metrics,
            Pause pause,
            Duration patience) {
        this.provider = provider;
        this.model = model;
        this.breaker = breaker;
        this.prices = prices;
        this.metrics = metrics;
        this.pause = pause;
        this.patience = patience;
    }

    @Override
    public ChatModel patient() {
        return new WatchedModel(
                provider, model, breaker, prices, metrics, pause, RetryPolicy.DEFAULT.pausesMax());
    }

    @Override
    public ChatAnswer chat(ChatRequest request, ChatListener listener, Cancellation cancellation) {
        Runnable sign =
                switch (admission(cancellation)) {
                    case CircuitBreaker.Go() -> () -> {};
                    case CircuitBreaker.Probe() -> breaker::answered;
                    case CircuitBreaker.Refused refused -> throw refused(refused);
                };
        try {
            var watcher = new Watcher(listener, sign, price(request));
            ChatAnswer answer = model.chat(request, watcher, cancellation);
            breaker.answered();
            count("ok");
            return priced(request, answer);
        } catch (CarrelException e) {
            failed(e);
            throw e;
        } catch (Cancellation.CancelledException e) {
            count("cancelled");
            throw e;
        }
    }

    private CircuitBreaker.Verdict admission(Cancellation cancellation) {
        CircuitBreaker.Verdict verdict = breaker.begin();
        Duration waited = Duration.ZERO;
        while (verdict instanceof CircuitBreaker.Refused && waited.compareTo(patience) < 0) {
            pause.pause(LOOK, cancellation);
            waited = waited.plus(LOOK);
            verdict = breaker.begin();
        }
        return verdict;
    }

    @Override
    public long answerTokens(String name) {
        return model.answerTokens(name);
    }

    ProviderHealth health() {
        return breaker.health(provider);
    }

    private ChatAnswer priced(ChatRequest request, ChatAnswer answer) {
        Usage counted = answer.usage().bounded();
        Usage usage =
                counted.totalTokens() > 0 ? counted : UsageEstimate.of(request, answer.message());
        return new ChatAnswer(
                answer.message(), answer.finish(), usage.at(price(request)), answer.model());
    }

    private Optional<Price> price(ChatRequest request) {
        return prices.of(new ModelRef(provider, request.model()));
    }

    /// Whether the provider is at fault: what it answered otherwise, it answered.
    private void failed(CarrelException e) {
        count(e.code().wireName());
        boolean down =
                e.code() == ErrorCode.MODEL_UNAVAILABLE || e.code() == ErrorCode.MODEL_RATE_LIMITED;
        if (e.code() == ErrorCode.MODEL_UNAUTHORIZED) {
            LOG.error("the operator must act: {}", e.text());
            breaker.refusedKey(e.text());
        } else if (!down) {
            breaker.answered();
        } else if (breaker.failed(e.text())) {
            metrics.count("carrel.model.circuit.opened", 1, "provider", provider);
            LOG.warn("no calls of model provider {} for {}", provider, CircuitBreaker.PAUSE);
        }
    }

    private void count(String outcome) {
        metrics.count("carrel.model.calls", 1, "provider", provider, "outcome", outcome);
    }

    private CarrelException refused(CircuitBreaker.Refused refused) {
        count("circuit_open");
        return new CarrelException(
                ErrorCode.MODEL_CIRCUIT_OPEN,
                "model provider "
                        + provider
                        + " is not asked before "
                        + refused.until().truncatedTo(ChronoUnit.SECONDS)
                        + ", because its last "
                        + CircuitBreaker.FAILURES_MAX
                        + " calls failed: "
                        + refused.lastFailure());
    }

    /// Says when the first piece of an answer came, and puts a price on what was lost.
    private static final class Watcher extends PassingListener {
        private final Runnable sign;
        private final Optional<Price> price;

        Watcher(ChatListener to, Runnable sign, Optional<Price> price) {
            super(to);
            this.sign = sign;
            this.price = price;
        }

        @Override
        public void text(String delta) {
            sign.run();
            super.text(delta);
        }

        @Override
        public void reasoning(String delta) {
            sign.run();
            super.reasoning(delta);
        }

        @Override
        public void toolCall(int index, String id, String name, String argumentsDelta) {
            sign.run();
            super.toolCall(index, id, name, argumentsDelta);
        }

        @Override
        public void lost(Taken taken) {
            super.lost(taken.at(price));
        }
    }
}
