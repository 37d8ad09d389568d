package dev.carrel.http;

import java.time.Duration;

/// Where the server listens and what it lets callers do to it.
///
/// `port` 0 takes a free one. `connectionsMax` connections are open at once; further ones wait to
/// be accepted. `stallMax` is how long one read of a request's body or one write of an answer may
/// make no progress before the connection is cut. `closeGrace` is how long requests may go on once
/// the server is being closed.
public record HttpSettings(
        String host,
        int port,
        int connectionsMax,
        Duration pingEvery,
        Duration stallMax,
        Duration closeGrace) {
    public static final String HOST_DEFAULT = "127.0.0.1";
    public static final int PORT_DEFAULT = 7373;
    public static final int CONNECTIONS_MAX_DEFAULT = 10_000;
    public static final Duration PING_EVERY_DEFAULT = Duration.ofSeconds(15);
    public static final Duration STALL_MAX_DEFAULT = Duration.ofSeconds(30);
    public static final Duration CLOSE_GRACE_DEFAULT = Duration.ofSeconds(5);

    public HttpSettings {
        require(!host.isBlank(), "server.host must not be empty");
        require(port >= 0 && port <= 65_535, "server.port must be from 0 to 65535");
        require(connectionsMax >= 1, "server.connections_max must be at least 1");
        require(pingEvery.isPositive(), "the ping interval must be above 0");
        require(stallMax.isPositive(), "the stall limit must be above 0");
        require(!closeGrace.isNegative(), "the grace period must not be negative");
    }

    public static HttpSettings at(String host, int port) {
        return new HttpSettings(
                host,
                port,
                CONNECTIONS_MAX_DEFAULT,
                PING_EVERY_DEFAULT,
                STALL_MAX_DEFAULT,
                CLOSE_GRACE_DEFAULT);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
