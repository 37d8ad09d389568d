package dev.carrel.image;

import dev.carrel.error.CarrelException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Reads what a [LayerSource] writes, in constant memory. Closing it ends the writing. Used by one
/// thread.
final class LayerPipe implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 18;

    /// From the end of what is read to the end of the writing.
    private static final Duration END_WAIT = Duration.ofSeconds(30);

    private final PipedInputStream in = new PipedInputStream(BUFFER_BYTES);
    private final CompletableFuture<Boolean> written = new CompletableFuture<>();

    private LayerPipe() {}

    static LayerPipe of(LayerSource source) throws IOException {
        var pipe = new LayerPipe();
        var out = new PipedOutputStream(pipe.in);
        Thread.ofVirtual().name("layer").start(() -> pipe.write(source, out));
        return pipe;
    }

    private void write(LayerSource source, PipedOutputStream out) {
        try (out) {
            source.writeTo(out);
            written.complete(true);
        } catch (IOException | RuntimeException | Error e) {
            written.completeExceptionally(e);
        }
    }

    InputStream in() {
        return in;
    }

    /// Fails as the writing did: what was read is not all of the layer then.
    void requireWhole() throws IOException {
        try {
            written.get(END_WAIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the build was ended");
        } catch (TimeoutException e) {
            throw new IOException("a layer does not end", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case CarrelException cause -> throw cause;
                case UncheckedIOException cause -> throw new IOException(cause);
                case IOException cause -> throw new IOException(cause);
                case null, default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
