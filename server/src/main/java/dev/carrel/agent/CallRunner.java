package dev.carrel.agent;

import dev.carrel.agent.Conversation.OpenCall;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorKind;
import dev.carrel.model.Cancellation;
import dev.carrel.model.Cancellation.CancelledException;
import dev.carrel.model.ToolCall;
import dev.carrel.tool.PostponedException;
import dev.carrel.tool.ToolContext;
import dev.carrel.tool.ToolResult;
import dev.carrel.tool.ToolStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
    static final String TIME_IS_OVER =
            "interrupted: the minutes of its budget were over; it was not finished";
    static final String NO_TIME_LEFT =
            "interrupted: the minutes of its budget were over; it was not run";
    private static final Logger LOG = LoggerFactory.getLogger(CallRunner.class);

    private final Function<String, ToolContext> contexts;
    private final Guards guards;
    private final Cancellation cancellation;

    CallRunner(Function<String, ToolContext> contexts, Guards guards, Cancellation cancellation) {
        this.contexts = contexts;
        this.guards = guards;
        this.cancellation = cancellation;
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
        try (var limit = TimeLimit.of(guards.timeLeft(turn.state()), cancellation)) {
            List<Event.ToolCompleted> results =
                    batch.size() == 1
                            ? List.of(complete(batch.getFirst(), limit))
                            : completeAll(batch, limit);
            results.forEach(turn::note);
            turn.flush();
        }
    }

    /// Answers all open calls of a turn that was stopped. A command that an earlier loop started
    /// may still run: its tool is asked once more, sees that the turn is cancelled, and kills it.
    void close(Turn turn, List<PlannedCall> ours) {
        close(turn, ours, TimeLimit.of(Optional.empty(), cancellation), NOT_RUN, STOPPED);
    }

    /// The same for a turn that has no time left.
    void closeForTime(Turn turn, List<PlannedCall> ours) {
        close(turn, ours, TimeLimit.over(cancellation), NO_TIME_LEFT, TIME_IS_OVER);
    }

    private void close(
            Turn turn, List<PlannedCall> ours, TimeLimit limit, String notRun, String stopped) {
        for (PlannedCall planned : ours) {
            if (planned instanceof PlannedCall.Run run && run.started() && !run.readOnly()) {
                turn.append(complete(run, limit));
            }
        }
        for (OpenCall left : turn.state().openCalls()) {
            var result = new ToolResult(ToolStatus.INTERRUPTED, left.started() ? stopped : notRun);
            turn.append(completed(left.call(), result, Duration.ZERO));
        }
    }

    private List<Event.ToolCompleted> completeAll(List<PlannedCall.Ready> batch, TimeLimit limit) {
        var slots = new Semaphore(READS_AT_ONCE_MAX);
        List<Callable<Event.ToolCompleted>> tasks = new ArrayList<>();
        for (PlannedCall.Ready planned : batch) {
            tasks.add(() -> {
                slots.acquire();
                try {
                    return complete(planned, limit);
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

    private Event.ToolCompleted complete(PlannedCall.Ready planned, TimeLimit limit) {
        return switch (planned) {
            case PlannedCall.Answer answer ->
                    completed(answer.call(), answer.result(), Duration.ZERO);
            case PlannedCall.Run run -> {
                long start = System.nanoTime();
                ToolResult result = saying(result(run, limit), limit);
                yield completed(
                        run.call(),
                        result,
                        limit.taken(Duration.ofNanos(System.nanoTime() - start)));
            }
        };
    }

    /// Which of the two it was that ended a call.
    private static ToolResult saying(ToolResult result, TimeLimit limit) {
        return result.status() == ToolStatus.INTERRUPTED
                        && limit.isOver()
                        && !result.text().equals(TIME_IS_OVER)
                ? new ToolResult(ToolStatus.INTERRUPTED, result.text() + "\n" + TIME_IS_OVER)
                : result;
    }

    private ToolResult result(PlannedCall.Run run, TimeLimit limit) {
        try {
            ToolContext context = contexts.apply(run.call().id());
            return run.tool().run(run.arguments(), limit.around(context));
        } catch (CancelledException e) {
            AgentLoop.stopIfInterrupted();
            return new ToolResult(ToolStatus.INTERRUPTED, limit.isOver() ? TIME_IS_OVER : STOPPED);
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
