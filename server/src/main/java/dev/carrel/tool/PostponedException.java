package dev.carrel.tool;

/// The server cannot run a tool call now, and nothing of it was done: the call stays open, and its
/// turn goes on with it later. Not an answer for the model, which can do nothing about it.
public final class PostponedException extends RuntimeException {
    public PostponedException(RuntimeException cause) {
        super(cause);
    }
}
