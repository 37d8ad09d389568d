package dev.carrel.http;

import io.helidon.http.Headers;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Finds the connection of the request that a thread serves. Helidon shows handlers no connection,
/// but it tells listeners, on the same thread, each time a request's headers have arrived.
final class Connections implements Http1ConnectionListener {
    private static final ThreadLocal<@Nullable FrontContext> CURRENT = new ThreadLocal<>();

    @Override
    public void headers(ConnectionContext connection, Headers headers) {
        if (connection instanceof FrontContext ours) { // all are
            CURRENT.set(ours);
        }
    }

    static FrontContext current() {
        return Objects.requireNonNull(CURRENT.get(), "no request on this thread");
    }
}
