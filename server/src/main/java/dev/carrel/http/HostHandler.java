package dev.carrel.http;

import java.io.IOException;

/// Serves whole hosts by itself: requests that name one of them never come near the routes, and
/// nothing is kept from it or done for it but the framing of messages.
public interface HostHandler {
    /// Whether this host is its own; `host` is in lower case and has no port.
    boolean owns(String host);

    /// Answers one request on a virtual thread of its own. When it throws, or returns before the
    /// answer is whole, the connection is cut.
    void handle(HostExchange exchange) throws IOException, InterruptedException;

    /// Owns nothing.
    HostHandler NONE =
            new HostHandler() {
                @Override
                public boolean owns(String host) {
                    return false;
                }

                @Override
                public void handle(HostExchange exchange) {
                    throw new IllegalStateException("no host is owned");
                }
            };
}
