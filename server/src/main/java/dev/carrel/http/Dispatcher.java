package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.telemetry.Logs;
import dev.carrel.telemetry.Metrics;
import io.helidon.http.Header;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes each request from Helidon to its handler and the answer back. It is a filter that never
/// lets anything pass: Helidon's own routing would normalise paths and answer errors in its own
/// shape.
final class Dispatcher implements Filter {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

    /// What a refused upload may still send before its connection is closed: clients that write
    /// before they read would lose the answer to a reset.
    private static final long LINGER_BYTES_MAX = 16 << 20;

    private final RouteTable routes;
    private final Authenticator authenticator;
    private final Metrics metrics;
    private final Sweeper sweeper;

    Dispatcher(RouteTable routes, Authenticator authenticator, Metrics metrics, Sweeper sweeper) {
        this.routes = routes;
        this.authenticator = authenticator;
        this.metrics = metrics;
        this.sweeper = sweeper;
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        String id = RequestIds.next();
        FrontContext connection = Connections.current();
        connection.front().lastForHelidon();
        var exchange = new Exchange(id, connection, response);
        var call = new Call(request, exchange, id);
        long start = System.nanoTime();
        sweeper.add(exchange);
        try (Logs.Scope _ = Logs.with("request", id)) {
            try {
                call.run();
            } finally {
                call.done(response.status().code(), Duration.ofNanos(System.nanoTime() - start));
            }
            connection.front().served();
        } finally {
            sweeper.remove(exchange);
        }
    }

    /// One request on its way.
    private final class Call {
        private final RoutingRequest http;
        private final Exchange exchange;
        private final String id;
        private final String method;
        private final String rawPath;
        private String template = "unknown";

        Call(RoutingRequest http, Exchange exchange, String id) {
            this.http = http;
            this.exchange = exchange;
            this.id = id;
            this.method = http.prologue().method().text();
            this.rawPath = http.prologue().uriPath().rawPath();
        }

        void run() {
            if (wantsClose()) {
                exchange.closeAfter();
            }
            if (method.equals("HEAD")) {
                exchange.headOnly();
            }
            Response answer;
            try {
                answer = answer();
            } catch (InterruptedException e) {
                throw new CloseConnectionException("the server is closing", e);
            } catch (RuntimeException e) {
                answer = refusal(exchange.asFailure(e));
            }
            boolean leftover = hasBody() && !http.content().consumed();
            if (leftover) {
                exchange.closeAfter();
            }
            exchange.send(answer);
            if (leftover) {
                linger();
            }
            if (leftover || wantsClose()) {
                // Helidon says that it will close, but waits for the client to do it.
                throw new CloseConnectionException("closed after the answer");
            }
        }

        /// With the headers that HTTP demands of these two (RFC 9110, 11.6.1 and 15.5.6).
        private Response refusal(CarrelException e) {
            Response response = ErrorBodies.response(e, id);
            return switch (e.code()) {
                case UNAUTHORIZED -> response.withHeader("WWW-Authenticate", "Bearer");
                case METHOD_NOT_ALLOWED ->
                        response.withHeader("Allow", String.join(", ", routes.methods(rawPath)));
                default -> response;
            };
        }

        private Response answer() throws InterruptedException {
            Optional<RouteTable.Match> match = routes.find(method, rawPath);
            boolean open = match.filter(found -> found.route().access() == Access.OPEN).isPresent();
            Optional<?> caller = open ? Optional.empty() : authenticate();
            RouteTable.Match found = match.orElseThrow(() -> routes.missing(method, rawPath));
            template = found.route().path();
            refuseTooLarge(found.route());
            refuseCoded();
            return found.route().handler().handle(request(found, caller));
        }

        private Request request(RouteTable.Match match, Optional<?> caller) {
            var headers = new HashMap<String, String>();
            for (Header header : http.headers()) {
                headers.put(header.name().toLowerCase(Locale.ROOT), header.values());
            }
            InputStream in =
                    hasBody() ? http.content().inputStream() : InputStream.nullInputStream();
            return new Request(
                    id,
                    match.route(),
                    match.rawParameters(),
                    Query.parse(http.prologue().query().rawValue()),
                    headers,
                    caller,
                    new BoundedBody(in, match.route().bodyBytesMax(), exchange.progress()));
        }

        private Optional<?> authenticate() {
            String value = header("authorization").orElse("");
            Optional<String> key =
                    value.regionMatches(true, 0, "Bearer ", 0, 7)
                            ? Optional.of(value.substring(7).strip())
                            : socketKey();
            Optional<?> caller = key.flatMap(authenticator::authenticate);
            if (caller.isEmpty()) {
                throw new CarrelException(
                        ErrorCode.UNAUTHORIZED,
                        value.isEmpty()
                                ? "This call needs an API key: send it as \"Authorization: Bearer"
                                        + " crl_live_…\""
                                : "This API key is not valid; make one with POST /v1/keys and send"
                                        + " it as \"Authorization: Bearer crl_live_…\"");
            }
            return caller;
        }

        /// Of a browser, which can send no other header with a WebSocket.
        private Optional<String> socketKey() {
            return header("upgrade").isPresent()
                    ? WebSocketHandshake.key(header("sec-websocket-protocol"))
                    : Optional.empty();
        }

        /// A length that is declared is refused before a byte is read.
        private void refuseTooLarge(Route route) {
            http.headers()
                    .contentLength()
                    .ifPresent(length -> {
                        if (length > route.bodyBytesMax()) {
                            throw BoundedBody.tooLarge(route.bodyBytesMax());
                        }
                    });
        }

        /// Files and JSON are taken as they come over the wire.
        private void refuseCoded() {
            String coding = header("content-encoding").orElse("identity").strip();
            if (!coding.isEmpty() && !coding.equalsIgnoreCase("identity")) {
                throw CarrelException.ofParam(
                        ErrorCode.UNSUPPORTED_ENCODING,
                        "Content-Encoding",
                        "Content-Encoding must be identity or left out; send the body as it is");
            }
        }

        private Optional<String> header(String name) {
            return http.headers().first(io.helidon.http.HeaderNames.create(name));
        }

        private boolean wantsClose() {
            return header("connection").orElse("").toLowerCase(Locale.ROOT).contains("close");
        }

        private boolean hasBody() {
            return http.content().hasEntity();
        }

        private void linger() {
            Progress progress = exchange.progress();
            progress.blocked();
            try {
                http.content().inputStream().skipNBytes(LINGER_BYTES_MAX);
            } catch (IOException | RuntimeException e) {
                LOG.trace("the rest of a refused body ended", e);
            } finally {
                progress.moved();
            }
        }

        void done(int status, Duration duration) {
            metrics.record(
                    "carrel.http.requests",
                    duration,
                    "method",
                    template.equals("unknown") ? "other" : method,
                    "route",
                    template,
                    "status",
                    Integer.toString(status));
            LOG.debug("{} {} {} in {} ms", method, rawPath, status, duration.toMillis());
        }
    }
}
