package dev.carrel.http;

/// Makes an answer that takes its time, on the request's own thread.
@FunctionalInterface
public interface AwaitedAnswer {
    /// The thread is interrupted when the client has gone or the server is being closed: then
    /// nobody gets the answer.
    Response make() throws InterruptedException;
}
