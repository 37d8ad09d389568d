package dev.carrel.agent;

import dev.carrel.agent.Conversation.OpenCall;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorKind;
import dev.carrel.model.Cancellation.CancelledException;
import dev.carrel.model.ToolCall;
import dev.carrel.tool.PostponedException;
import dev.carrel.tool.ToolContext;
import dev.carrel.tool.ToolResult;
import dev.carrel.tool.ToolStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs tool calls and journals them: each is started in the journal before it runs, and completed
/// in the model's order. The journal is used by the calling thread alone.
final class CallRunner {
    static final int READS_AT_ONCE_MAX = 8;

    /// Far above what a tool that only reads may take by its own limits.
    private static final Duration READS_WAIT_MAX = Duration.ofMinutes(15);

    private static final String STOPPED = "interrupted: the turn was stopped; it was not finished";
    private static final String NOT_RUN = "interrupted: the turn was stopped; it was not run";
    private static final Logger LOG = LoggerFactory.getLogger(CallRunner.class);

    private final Function<String, ToolContext> contexts;

    CallRunner(Function<String, ToolContext> contexts) {
        this.contexts = contexts;
    }

    /// Runs calls that may run together, and returns when each has its result in the journal.
    void run(Turn turn, List<PlannedCall.Ready> batch) {
        for (PlannedCall.Ready planned : batch) {
            if (planned instanceof PlannedCall.Run run && !run.started()) {
                ToolCall call = run.call();
                turn.note(new Event.ToolStarted(call.id(), call.name(), call.arguments()));
            }
        }
        turn.flush();
        List<Event.ToolCompleted> results =
                batch.size() == 1 ? List.of(complete(batch.getFirst())) : completeAll(batch);
        results.forEach(turn::note);
        turn.flush();
    }

    /// Answers all open calls of a turn that was stopped. A command that an earlier loop started
    /// may still run: its tool is asked once more, sees that the turn is cancelled, and kills it.
    void close(Turn turn, List<PlannedCall> ours) {
        for (PlannedCall planned : ours) {
            if (planned instanceof PlannedCall.Run run && run.started() && !run.readOnly()) {
                turn.append(complete(run));
            }
        }
        for (OpenCall left : turn.state().openCalls()) {
            turn.append(completed(left.call(), interrupted(left), Duration.ZERO));
        }
    }

    private static ToolResult interrupted(OpenCall open) {
        return new ToolResult(ToolStatus.INTERRUPTED, open.started() ? STOPPED : NOT_RUN);
    }

    private List<Event.ToolCompleted> completeAll(List<PlannedCall.Ready> batch) {
        var slots = new Semaphore(READS_AT_ONCE_MAX);
        List<Callable<Event.ToolCompleted>> tasks = new ArrayList<>();
        for (PlannedCall.Ready planned : batch) {
            tasks.add(() -> {
                slots.acquire();
                try {
                    return complete(planned);
                } finally {
                    slots.release();
                }
            });
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Event.ToolCompleted>> done =
                    threads.invokeAll(tasks, READS_WAIT_MAX.toSeconds(), TimeUnit.SECONDS);
            List<Event.ToolCompleted> results = new ArrayList<>();
            for (int i = 0; i < done.size(); i++) {
                results.add(result(batch.get(i).call(), done.get(i)));
            }
            return results;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancelledException();
        }
    }

    private static Event.ToolCompleted result(ToolCall call, Future<Event.ToolCompleted> done) {
        return switch (done.state()) {
            case SUCCESS -> done.resultNow();
            case CANCELLED, RUNNING ->
                    completed(
                            call,
                            ToolResult.error(
                                    "took longer than " + READS_WAIT_MAX.toMinutes() + " minutes"),
                            READS_WAIT_MAX);
            case FAILED -> throw failure(done.exceptionNow());
        };
    }

    private static RuntimeException failure(Throwable e) {
        return e instanceof PostponedException known ? known : new IllegalStateException(e);
    }

    private Event.ToolCompleted complete(PlannedCall.Ready planned) {
        return switch (planned) {
            case PlannedCall.Answer answer ->
                    completed(answer.call(), answer.result(), Duration.ZERO);
            case PlannedCall.Run run -> {
                long start = System.nanoTime();
                ToolResult result = result(run);
                yield completed(run.call(), result, Duration.ofNanos(System.nanoTime() - start));
            }
        };
    }

    private ToolResult result(PlannedCall.Run run) {
        try {
            return run.tool().run(run.arguments(), contexts.apply(run.call().id()));
        } catch (CancelledException e) {
            AgentLoop.stopIfInterrupted();
            return new ToolResult(ToolStatus.INTERRUPTED, STOPPED);
        } catch (PostponedException e) {
            throw e; // the call stays open
        } catch (CarrelException e) {
            AgentLoop.stopIfInterrupted();
            if (e.code().kind() != ErrorKind.USER) {
                LOG.warn("tool {} failed, call {}", run.call().name(), run.call().id(), e);
            }
            return ToolResult.error(e.text());
        } catch (RuntimeException e) {
            // The edge of code that may be anybody's: a fault in one tool must not end the turn.
            AgentLoop.stopIfInterrupted();
            LOG.error("tool {} broke, call {}", run.call().name(), run.call().id(), e);
            return ToolResult.error(
                    "the tool broke with an internal error; the server's log has the details");
        }
    }

    private static Event.ToolCompleted completed(
            ToolCall call, ToolResult result, Duration duration) {
        return new Event.ToolCompleted(
                call.id(), call.name(), result.status(), result.text(), duration);
    }
}
