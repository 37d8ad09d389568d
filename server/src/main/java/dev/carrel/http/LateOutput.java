package dev.carrel.http;

import java.io.IOException;
import java.io.OutputStream;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The way to an answer's body, which sends the answer's head only when a buffer is full: what
/// fails before that can still become an error answer.
final class LateOutput extends OutputStream {
    private static final int BUFFER_BYTES = 1 << 14;

    private final Supplier<OutputStream> begin;
    private final Consumer<Exchange.Write> writing;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int used;
    private @Nullable OutputStream out;

    /// `begin` sends the head; `writing` carries out what may block.
    LateOutput(Supplier<OutputStream> begin, Consumer<Exchange.Write> writing) {
        this.begin = begin;
        this.writing = writing;
    }

    boolean isBegun() {
        return out != null;
    }

    @Override
    public void write(int value) {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        if (length > buffer.length - used) {
            empty();
        }
        if (length > buffer.length) {
            writing.accept(() -> out().write(bytes, offset, length));
        } else {
            System.arraycopy(bytes, offset, buffer, used, length);
            used += length;
        }
    }

    /// Sends what is left.
    void finish() {
        empty();
    }

    private void empty() {
        int length = used;
        used = 0;
        writing.accept(() -> out().write(buffer, 0, length));
    }

    private OutputStream out() throws IOException {
        OutputStream begun = out;
        if (begun == null) {
            begun = begin.get();
            out = begun;
        }
        return begun;
    }
}
