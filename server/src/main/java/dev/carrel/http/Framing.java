package dev.carrel.http;

/// How one tells where the body of a message ends (RFC 9112, 6.3).
public sealed interface Framing {
    /// There is no body.
    record None() implements Framing {}

    record Length(long bytes) implements Framing {}

    record Chunked() implements Framing {}

    /// The body ends with the connection: answers only.
    record UntilClose() implements Framing {}
}
