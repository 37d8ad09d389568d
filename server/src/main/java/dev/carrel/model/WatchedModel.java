package dev.carrel.model;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.telemetry.Metrics;
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

    WatchedModel(
            String provider,
            ChatModel model,
            CircuitBreaker breaker,
            PriceTable prices,
            Metrics metrics) {
        this.provider = provider;
        this.model = model;
        this.breaker = breaker;
        this.prices = prices;
        this.metrics = metrics;
    }

    @Override
    public ChatAnswer chat(ChatRequest request, ChatListener listener, Cancellation cancellation) {
        ChatListener told =
                switch (breaker.begin()) {
                    case CircuitBreaker.Go() -> listener;
                    case CircuitBreaker.Probe() -> new SignOfLife(listener, breaker::answered);
                    case CircuitBreaker.Refused refused -> throw refused(refused);
                };
        try {
            ChatAnswer answer = model.chat(request, told, cancellation);
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
        Optional<Price> price = prices.of(new ModelRef(provider, request.model()));
        return new ChatAnswer(answer.message(), answer.finish(), usage.at(price), answer.model());
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
                ErrorCode.MODEL_UNAVAILABLE,
                "model provider "
                        + provider
                        + " is not asked before "
                        + refused.until().truncatedTo(ChronoUnit.SECONDS)
                        + ", because its last "
                        + CircuitBreaker.FAILURES_MAX
                        + " calls failed: "
                        + refused.lastFailure());
    }

    /// Passes everything on, and says when the first piece of an answer came.
    private record SignOfLife(ChatListener to, Runnable sign) implements ChatListener {
        @Override
        public void text(String delta) {
            sign.run();
            to.text(delta);
        }

        @Override
        public void reasoning(String delta) {
            sign.run();
            to.reasoning(delta);
        }

        @Override
        public void toolCall(int index, String id, String name, String argumentsDelta) {
            sign.run();
            to.toolCall(index, id, name, argumentsDelta);
        }

        @Override
        public void restarted() {
            to.restarted();
        }
    }
}
