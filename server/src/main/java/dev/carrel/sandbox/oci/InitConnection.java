package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Errno;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.TerminalSize;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Questions to one pid 1 and their answers. One virtual thread reads what pid 1 says, another one
/// writes, so that no caller's interrupt and no pid 1 that stops reading does more than fail a call
/// after [#ANSWER_WAIT]. A connection that breaks is made again; only a pid 1 that takes none any
/// more is dead. Every request may be sent twice: pid 1 sees to it.
final class InitConnection implements AutoCloseable {
    static final Duration ANSWER_WAIT = Duration.ofSeconds(10);

    private static final Logger LOG = LoggerFactory.getLogger(InitConnection.class);
    private static final int UNSENT_MAX = 1024;
    private static final int RECONNECTS_MAX = 100;
    private static final int LIST_ATTEMPTS_MAX = 3;

    /// What pid 1 says unasked, on the reading thread.
    interface Listener {
        void output(InitMessage.Output message);

        void exit(InitMessage.Exit message);

        void drained(ExecutionId id);

        /// At first, and after a break in which anything may have been missed.
        void connected(Set<ExecutionId> running);

        void died();
    }

    private final SandboxId sandbox;
    private final InitDoor door;
    private final Listener listener;
    private final Runnable onDeath;
    private final Thread reader;
    private final CompletableFuture<Set<ExecutionId>> greeting = new CompletableFuture<>();
    private final BlockingQueue<ByteBuffer> unsent = new ArrayBlockingQueue<>(UNSENT_MAX);
    private final InitQuestions questions = new InitQuestions();
    private volatile Duration connectWait = ANSWER_WAIT;
    private volatile boolean alive;
    private volatile boolean closing;

    /// `door` is closed with this.
    InitConnection(SandboxId sandbox, InitDoor door, Listener listener, Runnable onDeath) {
        this.sandbox = sandbox;
        this.door = door;
        this.listener = listener;
        this.onDeath = onDeath;
        this.reader = Thread.ofVirtual().name("init-" + sandbox).unstarted(this::live);
    }

    /// Connects, once; fails with `SANDBOX_FAILED` when pid 1 does not answer in time.
    void connect(Duration wait) {
        connectWait = wait;
        reader.start();
        answer(greeting, wait);
    }

    boolean isAlive() {
        return alive;
    }

    /// Whether this call started the execution; if not, it was started before.
    boolean startsExecution(ExecutionId id, ByteBuffer frame) {
        var mine = new InitQuestions.Start(frame, new CompletableFuture<>());
        Optional<InitQuestions.Start> earlier = questions.add(id, mine);
        try {
            if (earlier.isEmpty()) {
                send(frame);
            }
            return switch (answer(earlier.orElse(mine).answer(), ANSWER_WAIT)) {
                case InitMessage.Started started -> earlier.isEmpty();
                case InitMessage.Refused refused -> throw refusal(id, refused.errno());
                default -> false;
            };
        } finally {
            questions.remove(id, mine);
        }
    }

    /// Passes input on; returns 0 or the error number why none of it was taken.
    int give(ExecutionId id, byte[] bytes, boolean last) {
        var question = new CompletableFuture<InitMessage.Taken>();
        if (!questions.add(id, question)) {
            return Errno.EAGAIN.number();
        }
        try {
            send(InitRequest.input(id, bytes, last));
            return answer(question, ANSWER_WAIT).errno();
        } finally {
            questions.remove(id, question);
        }
    }

    void resize(ExecutionId id, TerminalSize size) {
        send(InitRequest.resize(id, size));
    }

    /// What runs now.
    Set<ExecutionId> list() {
        for (int attempt = 1; attempt <= LIST_ATTEMPTS_MAX; attempt++) {
            var question = new CompletableFuture<Optional<Set<ExecutionId>>>();
            ask(question);
            Optional<Set<ExecutionId>> running = answer(question, ANSWER_WAIT);
            if (running.isPresent()) {
                return running.get();
            }
        }
        throw silent(null);
    }

    private void ask(CompletableFuture<Optional<Set<ExecutionId>>> question) {
        questions.add(question, () -> send(InitRequest.list()));
    }

    void signal(ExecutionId id, int signal) {
        send(InitRequest.kill(id, signal));
    }

    /// Returns when the signals are sent.
    void killAll() {
        send(InitRequest.killAll());
        list();
    }

    private void send(ByteBuffer frame) {
        if (!alive) {
            throw notRunning();
        }
        if (!unsent.offer(frame)) {
            throw silent(null);
        }
    }

    // Not interruptible: what was asked for may happen, and the caller has to know. It is short.
    private <T> T answer(CompletableFuture<T> question, Duration wait) {
        long end = System.nanoTime() + wait.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return question.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (TimeoutException e) {
                    throw silent(e);
                } catch (ExecutionException e) {
                    throw e.getCause() instanceof CarrelException known ? known : silent(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // ---- the reading thread ----

    private void live() {
        try (door;
                InitChannel first = door.first(connectWait)) {
            converse(first);
            for (int i = 0; i < RECONNECTS_MAX && alive && !closing; i++) {
                reconnect();
            }
        } catch (IOException | InterruptedException e) {
            LOG.debug("Sandbox {}: cannot reach pid 1", sandbox, e);
        } finally {
            end();
        }
    }

    private void reconnect() throws InterruptedException {
        try (InitChannel again = door.again()) {
            LOG.info("Sandbox {}: connected to pid 1 again", sandbox);
            converse(again);
        } catch (IOException e) {
            // Nobody listens: that is how its death shows.
            alive = false;
        }
    }

    /// Until the connection ends, for whatever reason.
    private void converse(InitChannel channel) {
        Thread writer = Thread.ofVirtual().unstarted(() -> writeAll(channel));
        try {
            channel.receive();
            alive = true;
            askAgain();
            writer.start();
            while (true) {
                hear(channel.receive());
            }
        } catch (IOException e) {
            LOG.debug("Sandbox {}: the connection to pid 1 ended", sandbox, e);
        } finally {
            writer.interrupt();
        }
    }

    private void writeAll(InitChannel channel) {
        try {
            while (true) {
                channel.send(unsent.take());
            }
        } catch (IOException | InterruptedException e) {
            // The reading thread sees the end too, and asks again what had no answer.
            LOG.debug("Sandbox {}: no longer writing to pid 1", sandbox, e);
        }
    }

    private void askAgain() {
        questions
                .begin(() -> unsent.removeIf(InitRequest::isList), () -> silent(null))
                .forEach(unsent::offer);
        var now = new CompletableFuture<Optional<Set<ExecutionId>>>();
        var _ = now.thenAccept(running -> running.ifPresent(this::connected));
        ask(now);
    }

    private void connected(Set<ExecutionId> running) {
        listener.connected(running);
        greeting.complete(running);
    }

    private void hear(InitMessage message) {
        switch (message) {
            case InitMessage.Started started -> questions.answer(started.id(), started);
            case InitMessage.Already already -> questions.answer(already.id(), already);
            case InitMessage.Refused refused -> questions.answer(refused.id(), refused);
            case InitMessage.Output output -> listener.output(output);
            case InitMessage.Exit exit -> listener.exit(exit);
            case InitMessage.Listed listed -> questions.answer(listed);
            case InitMessage.Hello hello -> {}
            case InitMessage.KilledAll killedAll -> {}
            case InitMessage.Drained drained -> listener.drained(drained.id());
            case InitMessage.Taken taken -> questions.answer(taken);
        }
    }

    private void end() {
        alive = false;
        greeting.completeExceptionally(silent(null));
        questions.fail(this::notRunning);
        if (!closing) {
            listener.died();
            onDeath.run();
        }
    }

    // ---- what callers are told ----

    private CarrelException notRunning() {
        return new CarrelException(
                ErrorCode.SANDBOX_NOT_RUNNING, "sandbox " + sandbox + " has stopped");
    }

    private CarrelException silent(@Nullable Throwable cause) {
        return new CarrelException(
                ErrorCode.SANDBOX_FAILED,
                "pid 1 of sandbox "
                        + sandbox
                        + " does not answer: try again, or delete the sandbox",
                cause);
    }

    private CarrelException refusal(ExecutionId id, int errno) {
        return Refusal.of(sandbox, id, errno);
    }

    /// Lets go of pid 1. Nothing is heard any more.
    @Override
    public void close() {
        closing = true;
        reader.interrupt();
    }
}
