package dev.carrel.openai;

import dev.carrel.agent.Event;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// One piece of what a caller learns of a turn, before it has a form. The last one of a turn is an
/// [End] or a [Failure].
sealed interface Part {
    record Text(String text) implements Part {}

    record Reasoning(String text) implements Part {}

    /// The model writes a call of one of our tools; `arguments` is the next piece of their text.
    record Preparing(String callId, String tool, String arguments) implements Part {}

    record Calling(ToolCall call) implements Part {}

    /// The call waits for somebody's word, because of this pattern.
    record Awaiting(ToolCall call, String pattern) implements Part {}

    /// What a running command writes.
    record Output(String callId, String tool, String text) implements Part {}

    record Completed(ToolCall call, ToolStatus status, String result, Duration duration)
            implements Part {}

    /// A call that was being prepared does not come about.
    record Dropped(String callId, String tool) implements Part {}

    /// Calls that the caller has to answer; only an [End] follows.
    record CallerCalls(List<ToolCall> calls) implements Part {
        public CallerCalls {
            calls = List.copyOf(calls);
        }
    }

    /// `finishReason` is one of OpenAI's, `stopReason` our own; `detail` is why a guard ended it.
    record End(
            String finishReason, String stopReason, Optional<Event.TurnError> detail, Usage usage)
            implements Part {
        /// An end that needs no explanation.
        End(String finishReason, String stopReason, Usage usage) {
            this(finishReason, stopReason, Optional.empty(), usage);
        }
    }

    record Failure(ErrorCode code, String message) implements Part {}
}
