package dev.carrel.api;

import dev.carrel.client.Terminal;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.ExecutionInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Collects what a terminal tells.
public final class TerminalViewer implements Terminal.Listener {
    private final StringBuffer text = new StringBuffer();
    private final CompletableFuture<String> id = new CompletableFuture<>();
    private final CompletableFuture<Long> from = new CompletableFuture<>();
    private final CompletableFuture<ExecutionInfo> exit = new CompletableFuture<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final AtomicLong place = new AtomicLong();

    @Override
    public void begun(String terminal, long start) {
        place.set(start);
        from.complete(start);
        id.complete(terminal);
    }

    @Override
    public void output(byte[] bytes) {
        place.addAndGet(bytes.length);
        text.append(new String(bytes, StandardCharsets.UTF_8));
    }

    @Override
    public void ended(ExecutionInfo info) {
        exit.complete(info);
    }

    @Override
    public void closed(int code, String reason) {
        closed.complete(code);
    }

    public String text() {
        return text.toString();
    }

    public CompletableFuture<String> id() {
        return id;
    }

    public CompletableFuture<Long> from() {
        return from;
    }

    public CompletableFuture<ExecutionInfo> exit() {
        return exit;
    }

    public CompletableFuture<Integer> closed() {
        return closed;
    }

    /// After the last byte that was told.
    public long place() {
        return place.get();
    }

    public void awaitText(String part) throws Exception {
        try {
            Eventually.holds(() -> text.indexOf(part) >= 0);
        } catch (AssertionError e) {
            throw new AssertionError("no \"" + part + "\" in: " + text, e);
        }
    }

    /// Types again each second: what was typed may have come before what it asks for.
    public static void typeUntil(Eventually.Condition seen, Typing typing) throws Exception {
        var next = new AtomicLong(System.nanoTime());
        Eventually.holds(() -> {
            if (System.nanoTime() >= next.get()) {
                typing.type();
                next.set(System.nanoTime() + TimeUnit.SECONDS.toNanos(1));
            }
            return seen.holds();
        });
    }

    /// At a keyboard.
    public interface Typing {
        void type() throws IOException;
    }

    public static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }
}
