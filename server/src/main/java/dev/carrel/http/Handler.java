package dev.carrel.http;

/// Answers one request, on a virtual thread of its own: it may block. What it throws becomes an
/// error body; anything but a [dev.carrel.error.CarrelException] is logged and answered with 500.
@FunctionalInterface
public interface Handler {
    Response handle(Request request) throws InterruptedException;
}
