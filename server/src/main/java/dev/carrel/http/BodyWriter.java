package dev.carrel.http;

import java.io.IOException;
import java.io.OutputStream;

/// Writes the body of an answer, on the request's own thread. What it writes to is not for closing.
@FunctionalInterface
public interface BodyWriter {
    void write(OutputStream out) throws IOException, InterruptedException;
}
