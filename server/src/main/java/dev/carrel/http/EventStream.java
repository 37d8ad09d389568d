package dev.carrel.http;

/// Writes a stream of server-sent events, on the request's own thread, until it returns.
@FunctionalInterface
public interface EventStream {
    /// The thread is interrupted when the client has gone or the server is being closed; ask `sink`
    /// which. An exception before the first event becomes an ordinary error answer, later an event
    /// `error`.
    void run(EventSink sink) throws InterruptedException;
}
