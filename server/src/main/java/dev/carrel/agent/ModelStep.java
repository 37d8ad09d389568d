package dev.carrel.agent;

import dev.carrel.agent.Event.TurnError;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Cancellation;
import dev.carrel.model.Cancellation.CancelledException;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.Message;
import dev.carrel.model.Models;
import dev.carrel.model.ToolCall;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One model call: asks, streams the answer to live readers, and journals it. A failure completes
/// the turn.
final class ModelStep {
    private static final Logger LOG = LoggerFactory.getLogger(ModelStep.class);

    private final AgentDefinition agent;
    private final Models models;
    private final Toolbox toolbox;
    private final Cancellation cancellation;
    private final String system;
    private final Compactor compactor;

    ModelStep(
            AgentDefinition agent,
            Models models,
            Toolbox toolbox,
            Journal journal,
            Cancellation cancellation) {
        this.agent = agent;
        this.models = models;
        this.toolbox = toolbox;
        this.cancellation = cancellation;
        this.system = SystemPrompt.of(agent, toolbox.names());
        this.compactor = new Compactor(agent, models, toolbox, system, journal);
    }

    /// Leaves the turn as it is when it was cancelled meanwhile.
    void run(Turn turn) {
        ChatModel model;
        try {
            model = models.provider(agent.model().provider());
        } catch (CarrelException e) {
            turn.fail(new TurnError(e.code().wireName(), e.text())); // Gone since the deployment.
            return;
        }
        var call = new ModelCall(agent.model(), model, cancellation);
        Optional<Supplier<Event>> room = compactor.before(turn.state(), call);
        if (room.isPresent()) {
            append(turn, room.get());
            return;
        }
        if (turn.state().modelCalled()) {
            turn.publish(new Delta.Restarted()); // A crash lost the answer of the earlier call.
        } else {
            turn.append(new Event.ModelStarted(turn.state().steps() + 1, agent.model().toString()));
        }
        append(turn, () -> ask(turn, call));
    }

    private void append(Turn turn, Supplier<Event> asked) {
        Event event;
        try {
            event = asked.get();
        } catch (RuntimeException e) {
            // The edge of a provider's library: what it throws ends the turn, not the worker.
            AgentLoop.stopIfInterrupted();
            if (!(e instanceof CancelledException && cancellation.isCancelled())) {
                turn.fail(failure(e));
            }
            return;
        }
        turn.append(event);
    }

    private Event ask(Turn turn, ModelCall call) {
        var live = new LiveAnswer(turn);
        long start = System.nanoTime();
        ChatAnswer answer;
        try {
            answer = call.chat(request(turn.state()), live);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.MODEL_CONTEXT_OVERFLOW) {
                throw e;
            }
            return compactor.after(e, turn.state(), call);
        }
        return new Event.AssistantMessage(
                turn.state().steps(),
                withUniqueIds(answer.message(), live),
                answer.finish(),
                answer.usage(),
                answer.model(),
                Duration.ofNanos(System.nanoTime() - start));
    }

    private TurnError failure(RuntimeException e) {
        if (e instanceof CarrelException known) {
            LOG.info("model {} failed", agent.model(), e);
            return new TurnError(known.code().wireName(), known.text());
        }
        LOG.error("model {} broke", agent.model(), e);
        return new TurnError(
                ErrorCode.INTERNAL_ERROR.wireName(),
                "the call of model "
                        + agent.model()
                        + " broke with an internal error; the server's log has the details");
    }

    private ChatRequest request(Conversation state) {
        List<Message> messages = state.messages();
        CallInvariant.check(messages);
        return new ChatRequest(
                agent.model().model(),
                system,
                messages,
                toolbox.specs(state.callerTools()),
                agent.reasoning());
    }

    private static Message.Assistant withUniqueIds(Message.Assistant message, LiveAnswer live) {
        List<ToolCall> calls = new ArrayList<>();
        for (int i = 0; i < message.toolCalls().size(); i++) {
            ToolCall call = message.toolCalls().get(i);
            calls.add(new ToolCall(live.uniqueId(i, call.id()), call.name(), call.arguments()));
        }
        return new Message.Assistant(
                message.text(), message.reasoning(), message.reasoningSignature(), calls);
    }
}
