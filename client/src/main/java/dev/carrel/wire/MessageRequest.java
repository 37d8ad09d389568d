package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// A message to a session. `mode` says what it does to a turn that runs: `queue`, also when absent,
/// leaves it alone and starts a turn after it; `steer` is seen by it at its next model call;
/// `interrupt` ends it, and starts the next. Without a turn that runs, all start one. `budget`
/// lowers what the turn may spend.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record MessageRequest(String content, Optional<String> mode, Optional<BudgetLimits> budget) {
    public static MessageRequest of(String content) {
        return new MessageRequest(content, Optional.empty(), Optional.empty());
    }

    public static MessageRequest steering(String content) {
        return new MessageRequest(content, Optional.of("steer"), Optional.empty());
    }

    public static MessageRequest interrupting(String content) {
        return new MessageRequest(content, Optional.of("interrupt"), Optional.empty());
    }

    /// The same with limits on what the turn may spend.
    public MessageRequest within(BudgetLimits newBudget) {
        return new MessageRequest(content, mode, Optional.of(newBudget));
    }
}
