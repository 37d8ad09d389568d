package dev.carrel.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.carrel.agent.Delta;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.model.Usage;
import dev.carrel.session.SessionId;
import dev.carrel.session.StreamItem;
import dev.carrel.tool.ToolStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A turn as a session's readers get it, written down by hand.
final class Items {
    static final TurnId TURN = new TurnId("trn_1");
    static final TurnId OTHER_TURN = new TurnId("trn_0");
    static final SessionId SESSION = new SessionId("ses_1");
    static final Instant TIME = Instant.parse("2026-11-01T12:00:00Z");
    static final Usage USAGE = new Usage(120, 30, 100, 0, 8);
    static final ToolSpec WEATHER =
            new ToolSpec("weather", "Tells.", JsonNodeFactory.instance.objectNode());

    private final List<StreamItem> items = new ArrayList<>();
    private final TurnId turn;

    private Items(TurnId turn) {
        this.turn = turn;
    }

    static Items ofTurn() {
        return new Items(TURN);
    }

    static Items ofOtherTurn() {
        return new Items(OTHER_TURN);
    }

    Items event(Event event) {
        items.add(new StreamItem.Recorded(items.size() + 1, TIME, Optional.of(turn), event));
        return this;
    }

    Items delta(Delta delta) {
        items.add(new StreamItem.Live(turn, delta));
        return this;
    }

    Items text(String delta) {
        return delta(new Delta.Text(delta));
    }

    Items step(int number) {
        return event(new Event.ModelStarted(number, "scripted/any"));
    }

    Items answer(String text, ToolCall... calls) {
        return answer(
                "", text, calls.length == 0 ? FinishReason.STOP : FinishReason.TOOL_CALLS, calls);
    }

    Items answer(String reasoning, String text, FinishReason finish, ToolCall... calls) {
        return event(
                new Event.AssistantMessage(
                        1,
                        new Message.Assistant(text, reasoning, Optional.empty(), List.of(calls)),
                        finish,
                        USAGE,
                        "any",
                        Duration.ofMillis(3)));
    }

    Items started(ToolCall call) {
        return event(new Event.ToolStarted(call.id(), call.name(), call.arguments()));
    }

    Items completed(ToolCall call, ToolStatus status, String result) {
        return event(
                new Event.ToolCompleted(
                        call.id(), call.name(), status, result, Duration.ofMillis(12)));
    }

    Items end(StopReason reason) {
        return event(new Event.TurnCompleted(reason, 1, USAGE, Optional.empty()));
    }

    Items fail(String code, String message) {
        var error = new Event.TurnError(code, message);
        return event(new Event.TurnCompleted(StopReason.ERROR, 1, USAGE, Optional.of(error)));
    }

    static ToolCall bash(String id, String command) {
        return new ToolCall(id, "bash", "{\"command\":\"" + command + "\"}");
    }

    List<StreamItem> list() {
        return items;
    }
}
