package dev.carrel.agent;

import dev.carrel.agent.Event.TurnError;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Cancellation;
import dev.carrel.model.Cancellation.CancelledException;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Models;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One model call: asks, streams the answer to live readers, and journals it. A failure leads to
/// the agent's next model, or completes the turn.
final class ModelStep {
    private static final Logger LOG = LoggerFactory.getLogger(ModelStep.class);

    private final AgentDefinition agent;
    private final ModelOrder order;
    private final Models models;
    private final Toolbox toolbox;
    private final Guards guards;
    private final Cancellation cancellation;
    private final String system;
    private final Compactor compactor;

    ModelStep(
            AgentDefinition agent,
            Models models,
            Toolbox toolbox,
            Guards guards,
            Journal journal,
            Cancellation cancellation) {
        this.agent = agent;
        this.order = new ModelOrder(agent);
        this.models = models;
        this.toolbox = toolbox;
        this.guards = guards;
        this.cancellation = cancellation;
        this.system = SystemPrompt.of(agent, toolbox.names());
        this.compactor = new Compactor(agent, models, toolbox, system, journal);
    }

    /// Leaves the turn as it is when it was cancelled meanwhile.
    void run(Turn turn) {
        ModelRef ref = order.next(turn.state());
        boolean last = order.isLast(turn.state());
        ChatModel model;
        try {
            model = models.provider(ref.provider());
            model = last ? model.patient() : model;
            requirePrice(ref, turn.state());
        } catch (CarrelException e) {
            order.passOver(turn, error(e), Duration.ZERO); // e.g. gone since the deployment
            return;
        }
        try (var limit = TimeLimit.of(guards.timeLeft(turn.state()), cancellation)) {
            run(turn, new ModelCall(ref, model, last, limit.cancellation(), new Losses()));
        }
    }

    /// What costs nobody knows how much does not fit into a budget of money.
    private void requirePrice(ModelRef ref, Conversation state) {
        if (guards.countsMoney(state) && !models.isPriced(ref)) {
            throw new CarrelException(
                    ErrorCode.MODEL_PRICE_UNKNOWN,
                    "a budget in usd applies, and the price of model "
                            + ref
                            + " is not known: add it to prices in carrel.yaml, or limit tokens"
                            + " instead");
        }
    }

    private void run(Turn turn, ModelCall call) {
        Optional<Supplier<Event>> room = compactor.before(turn.state(), call);
        if (room.isPresent()) {
            // A summary takes time: what was noted comes first, and then the loop comes back.
            if (!turn.flush()) {
                append(turn, call, room.get());
            }
            return;
        }
        if (turn.state().modelCalled()) {
            turn.publish(new Delta.Restarted()); // what came of the earlier call does not count
        }
        // Each call has its own, so that each that is lost is counted.
        turn.append(new Event.ModelStarted(turn.state().step(), call.ref().toString()));
        append(turn, call, () -> ask(turn, call));
    }

    private void append(Turn turn, ModelCall call, Supplier<Event> asked) {
        long start = System.nanoTime();
        int step = turn.state().step();
        Event event;
        try {
            event = asked.get();
        } catch (RuntimeException e) {
            // The edge of a provider's library: what it throws ends the turn, not the worker.
            AgentLoop.stopIfInterrupted();
            failed(turn, call, e, Duration.ofNanos(System.nanoTime() - start));
            return;
        }
        call.losses().event(step, call.ref()).ifPresent(turn::note);
        if (event instanceof Event.AssistantMessage answer
                && !answer.message().toolCalls().isEmpty()) {
            turn.note(event); // that they are started is journaled with it
        } else {
            turn.append(event);
        }
    }

    private void failed(Turn turn, ModelCall call, RuntimeException e, Duration took) {
        boolean stopped = e instanceof CancelledException && cancellation.isCancelled();
        if (stopped) {
            call.losses().add(took);
        }
        call.losses()
                .event(turn.state().step(), call.ref())
                .ifPresent(turn::note); // with what ends this
        TurnError failure = failure(call.ref(), e);
        if (!(e instanceof CancelledException)) {
            order.passOver(turn, failure, took);
        } else if (!stopped) {
            guards.timeIsUp(turn.state(), took)
                    .ifPresentOrElse(turn::append, () -> turn.fail(failure, took));
        }
    }

    /// The answer of a call was lost with the process that made it, and what it took must be
    /// estimated.
    void countLost(Turn turn) {
        Conversation state = turn.state();
        ModelRef ref = order.next(state);
        var input = new Usage(compactor.tokens(state, ref), 0, 0, 0, 0);
        turn.append(
                new Event.ModelLost(
                        state.steps(),
                        ref.toString(),
                        models.priced(ref, input),
                        true,
                        Duration.ZERO));
    }

    private Event ask(Turn turn, ModelCall call) {
        var live = new LiveAnswer(turn);
        long start = System.nanoTime();
        ChatAnswer answer;
        try {
            answer = call.chat(request(call.ref(), turn.state()), live);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.MODEL_CONTEXT_OVERFLOW) {
                throw e;
            }
            return compactor.after(e, turn.state(), call);
        }
        requireWords(call, answer);
        return new Event.AssistantMessage(
                turn.state().steps(),
                withUniqueIds(answer.message(), live),
                answer.finish(),
                answer.usage(),
                answer.model(),
                Duration.ofNanos(System.nanoTime() - start));
    }

    /// Whoever was refused, or had no room left to say anything, has not answered.
    private static void requireWords(ModelCall call, ChatAnswer answer) {
        Message.Assistant message = answer.message();
        boolean filtered = answer.finish() == FinishReason.CONTENT_FILTER;
        if (!message.text().isBlank()
                || !message.toolCalls().isEmpty()
                || !(filtered || answer.finish() == FinishReason.LENGTH)) {
            return;
        }
        call.losses().add(answer.usage());
        throw new CarrelException(
                filtered ? ErrorCode.MODEL_CONTENT_FILTERED : ErrorCode.MODEL_BAD_ANSWER,
                "model "
                        + call.ref()
                        + (filtered
                                ? " refused to answer: its provider filters content"
                                : " said nothing: its reasoning took all that it may write"));
    }

    private static TurnError failure(ModelRef ref, RuntimeException e) {
        if (e instanceof CancelledException) {
            return new TurnError(
                    ErrorCode.INTERNAL_ERROR.wireName(), "the model call was cut short");
        }
        if (e instanceof CarrelException known) {
            LOG.info("model {} failed: {}", ref, known.text());
            LOG.debug("the same in detail", e);
            return error(known);
        }
        LOG.error("model {} broke", ref, e);
        return new TurnError(
                ErrorCode.INTERNAL_ERROR.wireName(),
                "the call of model "
                        + ref
                        + " broke with an internal error; the server's log has the details");
    }

    private static TurnError error(CarrelException e) {
        return new TurnError(e.code().wireName(), e.text());
    }

    private ChatRequest request(ModelRef ref, Conversation state) {
        List<Message> messages = state.messages();
        CallInvariant.check(messages);
        return new ChatRequest(
                ref.model(),
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
