package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.LinuxException;
import dev.carrel.store.Micros;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A command of a fake sandbox: a process of the host in a session of its own. Three threads of its
/// own read its outputs and wait for its end; any thread asks for its result.
final class FakeExecution implements Execution {
    private static final Duration END_WAIT_MAX = Duration.ofSeconds(10);

    /// How long a pipe may stay open after the command: a background child may hold it, or, where
    /// there is none, its reader has not come to the end.
    private static final Duration HELD_MAX = Duration.ofMillis(500);

    private static final Duration DRAIN_MAX = Duration.ofSeconds(5);
    private static final Duration DRAIN_CHECK = Duration.ofMillis(50);

    private static final int SIGNAL_BASE = 128;
    private static final int SIGNAL_MAX = 64;
    private static final int NOT_STARTED = 127;

    private final ExecutionId id;
    private final ExecutionRequest request;
    private final InstantSource clock = InstantSource.system();
    private final Instant startedAt = clock.instant();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final FakeRecord record;
    private final FakeInput input;
    private final FakePauses pauses;
    private @Nullable FakeProcess process;

    /// Why it ends, if it does not end by itself; the first reason stands.
    private @Nullable ExecutionStatus reason;

    private @Nullable Instant endedAt;
    private ExecutionStatus status = ExecutionStatus.RUNNING;
    private OptionalInt exitCode = OptionalInt.empty();

    FakeExecution(ExecutionId id, ExecutionRequest request, FakePauses pauses) {
        this.id = id;
        this.pauses = pauses;
        this.request = request;
        this.input = new FakeInput(id);
        this.record = new FakeRecord(request);
    }

    /// Called once. A command that cannot be started ends like one that a shell cannot start.
    void start(Path directory, Map<String, String> env) {
        try {
            run(FakeProcess.start(request, directory, env));
        } catch (IOException e) {
            String why = "cannot start in " + request.cwd() + ": no such directory or program\n";
            byte[] text = why.getBytes(StandardCharsets.UTF_8);
            record.keep(Stream.STDERR, text, text.length);
            end(NOT_STARTED);
        }
    }

    private void run(FakeProcess started) {
        lock.lock();
        try {
            process = started;
            if (reason != null) {
                started.signal(SIGKILL);
            }
        } finally {
            lock.unlock();
        }
        var readers =
                List.of(
                        thread(() -> record.keepAll(Stream.STDOUT, started.stdout())),
                        thread(() -> record.keepAll(Stream.STDERR, started.stderr())));
        if (request.input() instanceof CommandInput.Text given) {
            thread(() -> FakeInput.feed(started.stdin(), given.text()));
        } else {
            thread(() -> input.feed(started.stdin()));
        }
        thread(() -> await(started, readers));
    }

    private static Thread thread(Runnable work) {
        return Thread.ofPlatform().daemon().name("fake-execution").start(work);
    }

    private void await(FakeProcess started, List<Thread> readers) {
        try {
            if (!pauses.await(started.process(), request.timeout())) {
                kill(ExecutionStatus.TIMED_OUT);
                started.process().waitFor();
            }
            drain(started, readers);
            end(started.process().exitValue());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody interrupts this thread
        }
    }

    private static void drain(FakeProcess ended, List<Thread> readers) throws InterruptedException {
        long start = System.nanoTime();
        for (Thread reader : readers) {
            while (!reader.join(DRAIN_CHECK)) {
                Duration waited = Duration.ofNanos(System.nanoTime() - start);
                if (waited.compareTo(ended.leftOthers() ? HELD_MAX : DRAIN_MAX) > 0) {
                    return;
                }
            }
        }
    }

    private void end(int code) {
        input.close();
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
        record.end();
        if (process != null) {
            process.close();
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
    public ExecutionResult result(OutputPlace from) {
        lock.lock();
        try {
            return new ExecutionResult(
                    id,
                    status,
                    exitCode,
                    record.text(Stream.STDOUT, from),
                    record.text(Stream.STDERR, from),
                    record.isTruncated(),
                    startedAt,
                    duration(),
                    record.start(from),
                    record.place());
        } finally {
            lock.unlock();
        }
    }

    ExecutionSummary summary() {
        lock.lock();
        try {
            return new ExecutionSummary(
                    id,
                    status,
                    exitCode,
                    request.command(),
                    request.cwd(),
                    request.user(),
                    request.isTerminal(),
                    Micros.toInstant(Micros.of(startedAt)),
                    duration());
        } finally {
            lock.unlock();
        }
    }

    private Duration duration() {
        return Duration.between(startedAt, endedAt == null ? clock.instant() : endedAt);
    }

    @Override
    public ExecutionResult follow(OutputPlace from, OutputListener output)
            throws InterruptedException {
        var texts = new FakeTexts(output);
        record.follow(from, texts::tell);
        texts.finish();
        return result(from);
    }

    @Override
    public ExecutionResult followBytes(Stream stream, long from, BytesListener output)
            throws InterruptedException {
        record.follow(
                new OutputPlace(from, from),
                (told, place, bytes) -> {
                    if (told == stream) {
                        output.bytes(place, bytes);
                    }
                });
        return result(new OutputPlace(Long.MAX_VALUE, Long.MAX_VALUE));
    }

    @Override
    public long read(Stream stream, long from, BytesListener output) {
        byte[] bytes = record.bytes(stream, from);
        long start = record.start(new OutputPlace(from, from)).of(stream);
        if (bytes.length > 0) {
            output.bytes(start, bytes);
        }
        return bytes.length > 0 ? start + bytes.length : Math.min(from, record.place().of(stream));
    }

    @Override
    public void signal(int number) {
        if (number == SIGKILL) {
            kill(ExecutionStatus.KILLED);
            return;
        }
        lock.lock();
        try {
            if (process != null) {
                process.signal(number);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void write(byte[] bytes, More more, Duration wait) throws InterruptedException {
        boolean open = !(request.input() instanceof CommandInput.Text);
        if (!open || (more == More.LAST && request.isTerminal())) {
            throw new CarrelException(ErrorCode.CONFLICT, "execution " + id + " has no open input");
        }
        input.write(bytes, more, wait);
    }

    @Override
    public void resize(TerminalSize size) {
        lock.lock();
        try {
            if (process != null && endedAt == null) {
                process.resize(size);
            }
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        } finally {
            lock.unlock();
        }
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
            if (process != null) {
                process.signal(SIGKILL);
            }
        } finally {
            lock.unlock();
        }
    }

    /// With its sandbox's memory.
    void saved() {
        record.saved();
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
}
