package dev.carrel.agent;

import dev.carrel.agent.Event.TurnError;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ModelRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// In which order an agent's models are asked: in each step the first one first, the next one when
/// it did not answer. Which of them a step did without, the journal tells.
final class ModelOrder {
    private final List<ModelRef> models;

    ModelOrder(AgentDefinition agent) {
        List<ModelRef> all = new ArrayList<>(List.of(agent.model()));
        agent.fallbacks().stream().filter(model -> !all.contains(model)).forEach(all::add);
        this.models = List.copyOf(all);
    }

    /// The model that is to be asked now.
    ModelRef next(Conversation state) {
        int passedOver = state.watch().passedOver().size();
        return models.get(Math.min(passedOver, models.size() - 1));
    }

    /// Whether that is the last one.
    boolean isLast(Conversation state) {
        return state.watch().passedOver().size() + 1 >= models.size();
    }

    /// Goes on to the next model in the journal; ends the turn where there is none. A conversation
    /// that is too long is no fault of the model, and the next one is not asked for it.
    void passOver(Turn turn, TurnError error, Duration duration) {
        Conversation state = turn.state();
        boolean tooLong = error.code().equals(ErrorCode.MODEL_CONTEXT_OVERFLOW.wireName());
        if (tooLong || isLast(state)) {
            turn.fail(withEarlier(error, state), duration);
            return;
        }
        turn.append(new Event.ModelFailed(state.step(), next(state).toString(), error, duration));
        turn.publish(new Delta.Restarted());
    }

    private static TurnError withEarlier(TurnError error, Conversation state) {
        var text = new StringBuilder(error.message());
        for (Event.ModelFailed failed : state.watch().passedOver()) {
            text.append("; before, ")
                    .append(failed.model())
                    .append(" did not answer: ")
                    .append(failed.error().message());
        }
        return new TurnError(error.code(), text.toString());
    }
}
