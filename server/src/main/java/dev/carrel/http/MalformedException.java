package dev.carrel.http;

import java.io.IOException;

/// A message that is not HTTP/1.1, or that two readers could understand differently. Its text says
/// what is wrong, and holds nothing of the message. Whoever meets it gives the connection up.
public final class MalformedException extends IOException {
    private static final long serialVersionUID = 1;

    public MalformedException(String message) {
        super(message);
    }
}
