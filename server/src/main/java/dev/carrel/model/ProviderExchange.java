package dev.carrel.model;

import dev.carrel.error.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One HTTP request to a provider and its answer, within time limits.
///
/// The calling thread sends and reads; any thread may close, which cuts the connection at once,
/// wakes the reader and does nothing the second time.
final class ProviderExchange implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ProviderExchange.class);

    private static final int OK = 200;

    private final String provider;
    private final CallLimits limits;
    private final Timing timing;
    private final Instant deadline;
    private final BodyChunks body = new BodyChunks();
    private final Object lock = new Object();
    private @Nullable CompletableFuture<?> sent; // guarded by lock
    private boolean closed; // guarded by lock
    private @Nullable HttpResponse<BodyChunks> response; // only the caller, as what follows
    private @Nullable Instant firstByteDeadline;
    private Instant pieceDeadline;

    ProviderExchange(String provider, CallLimits limits, Timing timing, Instant deadline) {
        this.provider = provider;
        this.limits = limits;
        this.timing = timing;
        this.deadline = deadline;
        this.pieceDeadline = deadline;
    }

    /// Returns when the head of the answer is there.
    void send(HttpClient client, HttpRequest request) {
        firstByteDeadline = timing.clock().instant().plus(limits.firstByte());
        heard();
        var answer = client.sendAsync(request, _ -> body);
        synchronized (lock) {
            sent = answer;
            if (closed) {
                answer.cancel(true);
            }
        }
        try {
            response = answer.get(untilFirstByte().toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw unreachable(Objects.requireNonNullElse(e.getCause(), e));
        } catch (CancellationException e) {
            throw unreachable(e);
        } catch (TimeoutException e) {
            throw silent(limits.firstByte(), e);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    /// A piece of the answer has come: bytes alone are no sign that there will be one.
    void heard() {
        pieceDeadline = timing.clock().instant().plus(limits.piece());
    }

    /// Whether the provider has begun to answer, and does not refuse.
    boolean isOk() {
        return response != null && response.statusCode() == OK;
    }

    int status() {
        return answer().statusCode();
    }

    HttpHeaders headers() {
        return answer().headers();
    }

    /// In lower case; empty when there is none.
    String contentType() {
        return headers().firstValue("content-type").orElse("").toLowerCase(Locale.ROOT);
    }

    /// The next piece of the body; empty at its end, and where the connection broke: whether
    /// anything was missing, the protocol tells.
    Optional<byte[]> next() {
        boolean first = firstByteDeadline != null;
        try {
            Duration wait = first ? untilFirstByte() : untilNextByte();
            if (!wait.isPositive()) {
                throw new TimeoutException(); // however much comes, it came too late
            }
            Optional<byte[]> bytes = body.next(wait);
            firstByteDeadline = null;
            return bytes;
        } catch (IOException e) {
            log.debug("model provider {}: the answer was cut", provider, e);
            return Optional.empty();
        } catch (TimeoutException e) {
            throw silent(first ? limits.firstByte() : limits.stall(), e);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    /// What is left of the body, at most `bytesMax` bytes of it.
    byte[] rest(int bytesMax) {
        var rest = new ByteArrayOutputStream();
        Optional<byte[]> bytes = next();
        while (bytes.isPresent() && rest.size() < bytesMax) {
            rest.writeBytes(bytes.get());
            bytes = next();
        }
        byte[] all = rest.toByteArray();
        return all.length <= bytesMax ? all : Arrays.copyOf(all, bytesMax);
    }

    /// Lets the body end by itself, if it does so soon.
    void linger(Duration time) {
        try {
            var _ = body.next(time);
        } catch (IOException | TimeoutException e) {
            log.trace("model provider {}: the connection is not used again", provider, e);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    @Override
    public void close() {
        CompletableFuture<?> cancel;
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            cancel = sent;
        }
        if (cancel != null) {
            cancel.cancel(true);
        }
        body.close();
    }

    private HttpResponse<BodyChunks> answer() {
        return Objects.requireNonNull(response, "not sent");
    }

    private Duration untilFirstByte() {
        Instant until = Objects.requireNonNull(firstByteDeadline);
        return soonest(Duration.between(timing.clock().instant(), until));
    }

    private Duration untilNextByte() {
        Duration left = Duration.between(timing.clock().instant(), pieceDeadline);
        return soonest(limits.stall().compareTo(left) < 0 ? limits.stall() : left);
    }

    private Duration soonest(Duration wait) {
        Duration left = Duration.between(timing.clock().instant(), deadline);
        return wait.compareTo(left) < 0 ? wait : left;
    }

    private ProviderFailure silent(Duration limit, TimeoutException cause) {
        Instant now = timing.clock().instant();
        String message = " sent nothing for " + limit.toSeconds() + " s";
        if (!now.isBefore(deadline)) {
            message = " did not finish its answer within " + limits.call().toSeconds() + " s";
        } else if (firstByteDeadline == null && !now.isBefore(pieceDeadline)) {
            message = " sent nothing of an answer for " + limits.piece().toSeconds() + " s";
        }
        return new ProviderFailure(
                ErrorCode.MODEL_UNAVAILABLE, "model provider " + provider + message, cause);
    }

    private ProviderFailure unreachable(Throwable cause) {
        return new ProviderFailure(
                ErrorCode.MODEL_UNAVAILABLE,
                "model provider "
                        + provider
                        + " cannot be reached; check its base_url and the network",
                cause);
    }

    private static Cancellation.CancelledException interrupted() {
        Thread.currentThread().interrupt();
        return new Cancellation.CancelledException();
    }
}
