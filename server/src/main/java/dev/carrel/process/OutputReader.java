package dev.carrel.process;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Consumer;

/// Reads one output of a process to its end on a virtual thread of its own, keeping the first bytes
/// and passing lines on.
final class OutputReader {
    private static final int LINE_BYTES_MAX = 8192;

    private final InputStream input;
    private final int bytesMax;
    private final Consumer<String> lines;
    private final Object oneLineAtATime;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    // Guarded by itself, because text() may be called while the reading goes on.
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final Thread thread = Thread.ofVirtual().unstarted(this::readAll);

    OutputReader(InputStream input, int bytesMax, Consumer<String> lines, Object oneLineAtATime) {
        this.input = input;
        this.bytesMax = bytesMax;
        this.lines = lines;
        this.oneLineAtATime = oneLineAtATime;
    }

    void start() {
        thread.start();
    }

    /// What was kept, at the end of the output or when `wait` has passed.
    String text(Duration wait) throws InterruptedException {
        thread.join(wait);
        synchronized (kept) {
            return kept.toString(StandardCharsets.UTF_8);
        }
    }

    private void readAll() {
        var buffer = new byte[8192];
        try (input) {
            for (int n = input.read(buffer); n >= 0; n = input.read(buffer)) {
                synchronized (kept) {
                    kept.write(buffer, 0, Math.min(n, bytesMax - kept.size()));
                }
                for (int i = 0; i < n; i++) {
                    add(buffer[i]);
                }
            }
        } catch (IOException e) {
            // The pipe was closed under us because the process has ended: what was read counts.
        }
        endLine();
    }

    private void add(byte next) {
        if (next == '\n' || next == '\r') {
            endLine();
        } else if (line.size() < LINE_BYTES_MAX) {
            line.write(next);
        }
    }

    private void endLine() {
        if (line.size() > 0) {
            String text = line.toString(StandardCharsets.UTF_8);
            line.reset();
            synchronized (oneLineAtATime) {
                lines.accept(text);
            }
        }
    }
}
