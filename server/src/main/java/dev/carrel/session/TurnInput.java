package dev.carrel.session;

import dev.carrel.agent.Budget;
import dev.carrel.model.ToolSpec;
import java.util.List;
import java.util.Map;

/// What starts a turn: messages of the user, or results (call id → text) of tools that the caller
/// runs, or both. `callerTools` are offered to the model in this turn beside the agent's own;
/// `budget` lowers what the agent may spend in it.
public record TurnInput(
        List<String> messages,
        Map<String, String> callerResults,
        List<ToolSpec> callerTools,
        Budget budget) {
    public TurnInput {
        messages = List.copyOf(messages);
        callerResults = Map.copyOf(callerResults);
        callerTools = List.copyOf(callerTools);
        if (messages.isEmpty() && callerResults.isEmpty()) {
            throw new IllegalArgumentException("a turn needs a message or a tool result");
        }
    }

    /// Within the agent's own budget.
    public TurnInput(
            List<String> messages, Map<String, String> callerResults, List<ToolSpec> callerTools) {
        this(messages, callerResults, callerTools, Budget.NONE);
    }

    /// The same with other limits.
    public TurnInput within(Budget newBudget) {
        return new TurnInput(messages, callerResults, callerTools, newBudget);
    }

    public static TurnInput ofMessage(String text) {
        return new TurnInput(List.of(text), Map.of(), List.of());
    }
}
