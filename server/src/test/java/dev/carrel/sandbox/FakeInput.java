package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What a fake command is given while it runs: one piece waits until it has read the one before.
final class FakeInput {
    private final ExecutionId id;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Optional<byte[]> pending = Optional.empty();
    private boolean last;
    private boolean closed;

    FakeInput(ExecutionId id) {
        this.id = id;
    }

    void write(byte[] bytes, Execution.More more, Duration wait) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = wait.toNanos();
            while (pending.isPresent() && !closed) {
                if (left <= 0) {
                    throw new CarrelException(
                            ErrorCode.INPUT_FULL,
                            "execution " + id + " has not read what it was given before");
                }
                left = changed.awaitNanos(left);
            }
            if (closed || last) {
                throw new CarrelException(
                        ErrorCode.CONFLICT, "execution " + id + " has no open input");
            }
            pending = Optional.of(bytes.clone());
            last = more == Execution.More.LAST;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Passes on to `stdin` until the end; runs on a thread of its own.
    void feed(OutputStream stdin) {
        try (stdin) {
            for (Optional<byte[]> next = take(); next.isPresent(); next = take()) {
                stdin.write(next.get());
                stdin.flush();
                taken();
            }
        } catch (IOException e) {
            // The command does not want its input: its right.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody interrupts this thread
        } finally {
            close();
        }
    }

    private Optional<byte[]> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (pending.isEmpty() && !closed && !last) {
                changed.await();
            }
            return closed ? Optional.empty() : pending;
        } finally {
            lock.unlock();
        }
    }

    private void taken() {
        lock.lock();
        try {
            pending = Optional.empty();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    static void feed(OutputStream stdin, String text) {
        try (stdin) {
            stdin.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // The command does not want its input: its right.
        }
    }

    /// It ends, or the command does.
    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
