package dev.carrel.agent;

import dev.carrel.error.ErrorCode;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ToolSpec;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolStatus;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// What one entry of a session's journal says. Stored for ever: a field is never reused and old
/// entries always load.
public sealed interface Event {
    record SessionCreated(String agent, Optional<String> user, Map<String, String> metadata)
            implements Event {
        public SessionCreated {
            metadata = Map.copyOf(metadata);
        }
    }

    /// `callerTools` are tools that the caller of the API offers for this turn and runs itself. A
    /// turn that starts with the caller's results alone has them in a message with empty text. A
    /// message with `steer` was sent to a turn that ran, which sees it at its next model call.
    record UserMessage(String text, List<ToolSpec> callerTools, boolean steer, Budget budget)
            implements Event {
        public UserMessage {
            callerTools = List.copyOf(callerTools);
        }

        public UserMessage(String text, List<ToolSpec> callerTools) {
            this(text, callerTools, false, Budget.NONE);
        }

        public static UserMessage steering(String text) {
            return new UserMessage(text, List.of(), true, Budget.NONE);
        }

        /// The same with limits that lower those of its turn.
        public UserMessage within(Budget newBudget) {
            return new UserMessage(text, callerTools, steer, newBudget);
        }
    }

    /// `agentVersion` is the deployed version of the agent that this turn runs with, from start to
    /// end; so is `memory`, the part of the prompt that tells what is remembered. Where it is
    /// absent, it is that of the session's turn before.
    record TurnStarted(int agentVersion, Optional<String> memory) implements Event {
        public TurnStarted(int agentVersion) {
            this(agentVersion, Optional.empty());
        }
    }

    /// A model call begins; `step` counts the model calls of this turn from 1.
    record ModelStarted(int step, String model) implements Event {}

    record AssistantMessage(
            int step,
            Message.Assistant message,
            FinishReason finish,
            Usage usage,
            String model,
            Duration duration)
            implements Event {}

    /// A tool call waits for somebody's word, because of this pattern of the agent's definition.
    record ApprovalRequested(String callId, String tool, String arguments, String pattern)
            implements Event {}

    /// Somebody has said whether a call may run; the model sees the reason of a denial. `tool` and
    /// `pattern` are those of the request: with `forSession`, calls of this tool do not wait for
    /// this pattern's sake any more. `reason` may be empty; `by` says who it was ("key key_…").
    record ApprovalDecided(
            String callId,
            String tool,
            String pattern,
            boolean allowed,
            boolean forSession,
            String reason,
            Optional<String> by)
            implements Event {
        public ApprovalDecided(
                String callId,
                String tool,
                String pattern,
                boolean allowed,
                boolean forSession,
                String reason) {
            this(callId, tool, pattern, allowed, forSession, reason, Optional.empty());
        }
    }

    /// A tool call is about to run: durable before the first side effect.
    record ToolStarted(String callId, String tool, String arguments) implements Event {}

    record ToolCompleted(
            String callId, String tool, ToolStatus status, String result, Duration duration)
            implements Event {}

    /// The conversation became too long for `model`, and part of it is left out from here on; the
    /// journal keeps all. `tokensBefore` and `tokensAfter` are about what a request takes.
    /// `limitTokens` is what a request may have from now on, where the provider refused one.
    record Compaction(
            String model, Cut cut, long tokensBefore, long tokensAfter, OptionalLong limitTokens)
            implements Event {
        public Optional<Cut.Summary> summary() {
            return cut instanceof Cut.Summary summary ? Optional.of(summary) : Optional.empty();
        }
    }

    /// A model did not answer, and the next of the agent's models is asked in its place. The last
    /// of them to fail ends the turn instead.
    record ModelFailed(int step, String model, TurnError error, Duration duration)
            implements Event {}

    /// Calls of a model took this, and nothing that it said counts: they were cut, a crash lost the
    /// answer, or what came was none. `estimated` where the provider did not say it, or not all of
    /// it; `duration` is time that no other entry has.
    record ModelLost(int step, String model, Usage usage, boolean estimated, Duration duration)
            implements Event {}

    /// The model went in circles and is told so: `text` is what it sees.
    record TurnNudged(LoopPattern pattern, String text) implements Event {}

    /// `error` tells why a turn did not end well: always for [StopReason#ERROR], with the code of
    /// an error; for the ends that guards bring about, with the name of the reason as the code.
    /// `unanswered` is how long the model worked that was asked last, where that is why: it failed,
    /// or its time was over. `unseen` messages were sent to steer the turn, and its model has not
    /// seen them: a later turn's will.
    record TurnCompleted(
            StopReason reason,
            int steps,
            Usage usage,
            Optional<TurnError> error,
            Duration unanswered,
            int unseen)
            implements Event {
        public TurnCompleted(
                StopReason reason,
                int steps,
                Usage usage,
                Optional<TurnError> error,
                Duration unanswered) {
            this(reason, steps, usage, error, unanswered, 0);
        }

        public TurnCompleted(StopReason reason, int steps, Usage usage, Optional<TurnError> error) {
            this(reason, steps, usage, error, Duration.ZERO);
        }

        public TurnCompleted over(int unseenMessages) {
            return new TurnCompleted(reason, steps, usage, error, unanswered, unseenMessages);
        }
    }

    /// A failure as clients may see it; `budget` is the one that was spent, where that is why.
    record TurnError(String code, String message, Optional<BudgetReached> budget) {
        public TurnError(String code, String message) {
            this(code, message, Optional.empty());
        }

        public static TurnError of(BudgetReached reached) {
            return new TurnError(
                    ErrorCode.BUDGET_EXCEEDED.wireName(),
                    BudgetState.text(reached),
                    Optional.of(reached));
        }
    }

    /// Whose budget it is, in what it is counted, how much there was and how much is used.
    record BudgetReached(String scope, String unit, BigDecimal limit, BigDecimal used) {}

    /// The files of the workspace were kept, as snapshot `snapshot`. They have been so since entry
    /// `since`, as far as tools of this session go.
    record SnapshotTaken(String snapshot, long since) implements Event {}

    /// The files as they have been since entry `since` could not be kept.
    record SnapshotFailed(long since, TurnError error) implements Event {}

    /// The entries before this one are those of session `from` up to `at`. From here on this is
    /// another session, with files of its own.
    record SessionForked(String from, long at, FilesThen files) implements Event {}

    /// The session is again what it was after entry `to`: what stands between counts no more. It
    /// may be gone back to.
    record SessionRewound(long to, FilesThen files) implements Event {}
}
