package dev.carrel.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A command of a fake sandbox: a process of the host in a session of its own. Three threads of its
/// own read its outputs and wait for its end; any thread asks for its result.
final class FakeExecution implements Execution {
    private static final Duration CHECK = Duration.ofSeconds(1);
    private static final Duration TICK = Duration.ofMillis(20);
    private static final Duration END_WAIT_MAX = Duration.ofSeconds(10);

    /// How long a pipe may stay open after the command: a background child may hold it.
    private static final Duration DRAIN_MAX = Duration.ofMillis(200);

    private static final int SIGNAL_BASE = 128;
    private static final int SIGNAL_MAX = 64;
    private static final int NOT_STARTED = 127;

    private final ExecutionId id;
    private final ExecutionRequest request;
    private final BooleanSupplier paused;
    private final InstantSource clock = InstantSource.system();
    private final Instant startedAt = clock.instant();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Stream, ByteArrayOutputStream> kept = new EnumMap<>(Stream.class);
    private boolean truncated;
    private @Nullable Process process;

    /// Why it ends, if it does not end by itself; the first reason stands.
    private @Nullable ExecutionStatus reason;

    private @Nullable Instant endedAt;
    private ExecutionStatus status = ExecutionStatus.RUNNING;
    private OptionalInt exitCode = OptionalInt.empty();

    FakeExecution(ExecutionId id, ExecutionRequest request, BooleanSupplier paused) {
        this.id = id;
        this.paused = paused;
        this.request = request;
        kept.put(Stream.STDOUT, new ByteArrayOutputStream());
        kept.put(Stream.STDERR, new ByteArrayOutputStream());
    }

    /// Called once. A command that cannot be started ends like one that a shell cannot start.
    void start(Path directory, Map<String, String> env) {
        var argv = new ArrayList<>(List.of("setsid"));
        argv.addAll(request.command());
        var builder = new ProcessBuilder(argv).directory(directory.toFile());
        builder.environment().clear();
        builder.environment().putAll(env);
        if (request.stdin().isEmpty()) {
            builder.redirectInput(Redirect.from(new File("/dev/null")));
        }
        try {
            run(builder.start());
        } catch (IOException e) {
            String why = "cannot start in " + request.cwd() + ": no such directory or program\n";
            byte[] text = why.getBytes(StandardCharsets.UTF_8);
            keep(Stream.STDERR, text, text.length);
            end(NOT_STARTED);
        }
    }

    private void run(Process started) {
        lock.lock();
        try {
            process = started;
            if (reason != null) {
                FakeProcesses.kill(-(int) started.pid());
            }
        } finally {
            lock.unlock();
        }
        var readers =
                List.of(
                        thread(() -> pump(Stream.STDOUT, started.getInputStream())),
                        thread(() -> pump(Stream.STDERR, started.getErrorStream())));
        thread(() -> feed(started.getOutputStream()));
        thread(() -> await(started, readers));
    }

    private static Thread thread(Runnable work) {
        return Thread.ofPlatform().daemon().name("fake-execution").start(work);
    }

    private void feed(OutputStream stdin) {
        try (stdin) {
            stdin.write(request.stdin().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // The command does not want its input: its right.
        }
    }

    private void pump(Stream stream, InputStream from) {
        var buffer = new byte[8192];
        try (from) {
            for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                keep(stream, buffer, n);
            }
        } catch (IOException e) {
            // The pipe went with the process.
        }
    }

    private void keep(Stream stream, byte[] bytes, int length) {
        lock.lock();
        try {
            ByteArrayOutputStream output = Objects.requireNonNull(kept.get(stream));
            int room = (int) Math.min(length, request.outputBytesMax() - output.size());
            if (endedAt == null) {
                output.write(bytes, 0, room);
                truncated |= room < length;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void await(Process started, List<Thread> readers) {
        try {
            if (!endsInTime(started)) {
                kill(ExecutionStatus.TIMED_OUT);
                started.waitFor();
            }
            for (Thread reader : readers) {
                reader.join(DRAIN_MAX);
            }
            end(started.exitValue());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody interrupts this thread
        }
    }

    /// The time in which the sandbox was paused does not count.
    private boolean endsInTime(Process started) throws InterruptedException {
        Duration left = request.timeout();
        while (left.isPositive()) {
            Duration wait = left.compareTo(TICK) < 0 ? left : TICK;
            if (started.waitFor(wait.toNanos(), TimeUnit.NANOSECONDS)) {
                return true;
            }
            left = paused.getAsBoolean() ? left : left.minus(wait);
        }
        return false;
    }

    private void end(int code) {
        lock.lock();
        try {
            endedAt = clock.instant();
            // Java shows a signal as 128 + its number, as a shell does: the two look alike here.
            boolean signalled = code > SIGNAL_BASE && code <= SIGNAL_BASE + SIGNAL_MAX;
            ExecutionStatus byItself =
                    signalled ? ExecutionStatus.KILLED : ExecutionStatus.COMPLETED;
            status = reason == null || !signalled ? byItself : reason;
            exitCode =
                    status == ExecutionStatus.INTERRUPTED
                            ? OptionalInt.empty()
                            : OptionalInt.of(code);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public ExecutionId id() {
        return id;
    }

    @Override
    public boolean isRunning() {
        lock.lock();
        try {
            return endedAt == null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public ExecutionResult result() {
        lock.lock();
        try {
            Instant until = endedAt == null ? clock.instant() : endedAt;
            return new ExecutionResult(
                    id,
                    status,
                    exitCode,
                    text(Stream.STDOUT),
                    text(Stream.STDERR),
                    truncated,
                    startedAt,
                    Duration.between(startedAt, until));
        } finally {
            lock.unlock();
        }
    }

    private String text(Stream stream) {
        return new String(from(stream, 0), StandardCharsets.UTF_8);
    }

    private byte[] from(Stream stream, int offset) {
        byte[] all = Objects.requireNonNull(kept.get(stream)).toByteArray();
        return Arrays.copyOfRange(all, offset, all.length);
    }

    @Override
    public ExecutionResult follow(OutputListener output) throws InterruptedException {
        var follower = new Follower(output);
        while (follower.more()) {}
        return result();
    }

    @Override
    public void kill() {
        kill(ExecutionStatus.KILLED);
    }

    /// The sandbox ends.
    void interrupt() {
        kill(ExecutionStatus.INTERRUPTED);
    }

    private void kill(ExecutionStatus why) {
        lock.lock();
        try {
            if (endedAt != null || reason != null) {
                return;
            }
            reason = why;
            if (process != null && process.isAlive()) {
                FakeProcesses.kill(-(int) process.pid());
            }
        } finally {
            lock.unlock();
        }
    }

    void awaitEnd() {
        lock.lock();
        try {
            long left = END_WAIT_MAX.toNanos();
            while (endedAt == null && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /// One reader's place in both outputs.
    private final class Follower {
        private final OutputListener listener;
        private final Map<Stream, Utf8Decoder> decoders = new EnumMap<>(Stream.class);
        private final Map<Stream, Integer> places = new EnumMap<>(Stream.class);

        Follower(OutputListener listener) {
            this.listener = listener;
            for (Stream stream : Stream.values()) {
                decoders.put(stream, new Utf8Decoder());
                places.put(stream, 0);
            }
        }

        /// Waits for output and tells it; false when there will be no more.
        boolean more() throws InterruptedException {
            Map<Stream, byte[]> news = new EnumMap<>(Stream.class);
            boolean last;
            lock.lock();
            try {
                while (!hasNews() && endedAt == null) {
                    changed.await(CHECK.toMillis(), TimeUnit.MILLISECONDS);
                }
                last = endedAt != null;
                places.forEach((stream, place) -> news.put(stream, from(stream, place)));
            } finally {
                lock.unlock();
            }
            news.forEach((stream, bytes) -> tell(stream, bytes, last));
            return !last;
        }

        private boolean hasNews() {
            return places.entrySet().stream()
                    .anyMatch(e -> from(e.getKey(), e.getValue()).length > 0);
        }

        private void tell(Stream stream, byte[] bytes, boolean last) {
            places.merge(stream, bytes.length, Integer::sum);
            Utf8Decoder decoder = Objects.requireNonNull(decoders.get(stream));
            String text = decoder.decode(bytes) + (last ? decoder.end() : "");
            if (!text.isEmpty()) {
                listener.output(stream, text);
            }
        }
    }
}
