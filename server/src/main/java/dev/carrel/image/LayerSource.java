package dev.carrel.image;

import java.io.IOException;
import java.io.OutputStream;

/// Writes a layer of an image, a tar, and leaves `out` open. Called once, on a thread of its own.
@FunctionalInterface
public interface LayerSource {
    void writeTo(OutputStream out) throws IOException;
}
