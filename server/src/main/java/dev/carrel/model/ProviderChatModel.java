package dev.carrel.model;

import dev.carrel.error.CarrelException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A model behind a provider's HTTP API: attempts, pauses and limits; what is said is its
/// protocol's. Any number of threads may call it.
final class ProviderChatModel implements ChatModel {
    private static final Logger log = LoggerFactory.getLogger(ProviderChatModel.class);

    /// After an answer's last event the connection usually ends the body at once and can then be
    /// used again; longer than this is not waited for.
    private static final Duration LINGER = Duration.ofMillis(100);

    private final ProviderAccess access;
    private final Protocol protocol;
    private final HttpClient client;
    private final CallLimits limits;
    private final RetryPolicy retries;
    private final Timing timing;

    ProviderChatModel(
            ProviderAccess access,
            Protocol protocol,
            HttpClient client,
            CallLimits limits,
            RetryPolicy retries,
            Timing timing) {
        this.access = access;
        this.protocol = protocol;
        this.client = client;
        this.limits = limits;
        this.retries = retries;
        this.timing = timing;
    }

    @Override
    public ChatAnswer chat(ChatRequest request, ChatListener listener, Cancellation cancellation) {
        Instant deadline = timing.clock().instant().plus(limits.call());
        HttpRequest http = protocol.toHttp(request);
        Duration paused = Duration.ZERO;
        boolean learnt = false;
        for (int tries = 1; ; tries++) {
            try {
                return attempt(http, request, listener, deadline, cancellation);
            } catch (ProviderFailure failure) {
                cancellation.throwIfCancelled();
                if (!learnt && protocol.learn(request, failure)) {
                    learnt = true;
                    http = protocol.toHttp(request);
                } else {
                    Duration pause = pauseAfter(failure, tries, paused, deadline);
                    timing.pause().pause(pause, cancellation);
                    paused = paused.plus(pause);
                }
                listener.restarted();
            }
        }
    }

    @Override
    public long answerTokens(String model) {
        return protocol.answerTokens(model);
    }

    private Duration pauseAfter(
            ProviderFailure failure, int tries, Duration paused, Instant deadline) {
        Duration pause =
                retries.pauseAfter(failure, tries, paused, timing.random())
                        .filter(wait -> now().plus(wait).isBefore(deadline))
                        .orElseThrow(() -> finalFailure(failure));
        log.info("attempt {} failed, the next in {}: {}", tries, pause, failure.text());
        return pause;
    }

    private ChatAnswer attempt(
            HttpRequest http,
            ChatRequest request,
            ChatListener listener,
            Instant deadline,
            Cancellation cancellation) {
        cancellation.throwIfCancelled();
        var heard = new AttemptListener(listener);
        AnswerReader reader = protocol.reader(request, heard);
        try (var exchange = new ProviderExchange(access.name(), limits, timing, deadline)) {
            try (var _ = cancellation.onCancel(exchange::close)) {
                return answer(exchange, http, reader, heard, cancellation);
            } catch (ProviderFailure | Cancellation.CancelledException e) {
                // What we cut may have been worked on; what was refused was not.
                boolean stopped =
                        cancellation.isCancelled() || e instanceof Cancellation.CancelledException;
                boolean silent =
                        exchange.isOk() && e instanceof ProviderFailure cut && cut.isSilence();
                if (stopped || silent || heard.anything(reader)) {
                    listener.lost(heard.taken(request, reader));
                }
                cancellation.throwIfCancelled(); // closing looks like a broken connection
                throw e;
            }
        }
    }

    private ChatAnswer answer(
            ProviderExchange exchange,
            HttpRequest http,
            AnswerReader reader,
            AttemptListener heard,
            Cancellation cancellation) {
        exchange.send(client, http);
        if (!exchange.isOk()) {
            throw refusal(exchange);
        }
        if (exchange.contentType().matches("(text/html|application/json).*")) {
            throw noStream(exchange);
        }
        read(exchange, reader, heard);
        cancellation.throwIfCancelled();
        return reader.answer();
    }

    private void read(ProviderExchange exchange, AnswerReader reader, AttemptListener heard) {
        var parser = new ServerEventParser();
        int bytesLeft = limits.answerBytesMax();
        while (!reader.isComplete()) {
            Optional<byte[]> bytes = exchange.next();
            if (bytes.isEmpty()) {
                return;
            }
            bytesLeft -= bytes.get().length;
            if (bytesLeft < 0) {
                throw ProviderFailure.badAnswer(
                        "model provider "
                                + access.name()
                                + " sent more than "
                                + limits.answerBytesMax()
                                + " bytes");
            }
            parser.feed(bytes.get()).forEach(reader::accept);
            if (heard.isNews(reader)) {
                exchange.heard();
            }
        }
        exchange.linger(LINGER);
    }

    private ProviderFailure refusal(ProviderExchange exchange) {
        String body = new String(exchange.rest(CallLimits.ERROR_BYTES_MAX), StandardCharsets.UTF_8);
        return ProviderComplaint.ofResponse(exchange.status(), body)
                .failure(access, RetryAfter.of(exchange.headers(), now()));
    }

    /// Some gateways report errors with status 200; a wrong base URL often leads to a web page.
    private ProviderFailure noStream(ProviderExchange exchange) {
        String body = new String(exchange.rest(CallLimits.ERROR_BYTES_MAX), StandardCharsets.UTF_8);
        return Json.parseObject(body)
                .filter(node -> node.has("error"))
                .map(node -> ProviderComplaint.inStream(node).failure(access, Optional.empty()))
                .orElseGet(() ->
                        ProviderFailure.badAnswer(
                                "model provider "
                                        + access.name()
                                        + " did not answer with a stream; check its"
                                        + " base_url"));
    }

    private CarrelException finalFailure(ProviderFailure failure) {
        String asked =
                failure.retryAfter()
                        .map(wait -> " (it asks to be left alone for " + wait.toSeconds() + " s)")
                        .orElse("");
        String text = failure.text() + asked;
        return failure.isOfRequest()
                ? new RequestRefusedException(text, failure)
                : new CarrelException(failure.code(), text, failure);
    }

    private Instant now() {
        return timing.clock().instant();
    }
}
