package dev.carrel.http;

/// Talks over one WebSocket, on the request's own thread, until it returns.
@FunctionalInterface
public interface WebSocketHandler {
    /// When it returns or fails, the socket is closed; with what it says itself, if it has closed
    /// it before.
    void run(WebSocket socket) throws InterruptedException;
}
