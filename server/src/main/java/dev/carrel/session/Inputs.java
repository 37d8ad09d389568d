package dev.carrel.session;

import dev.carrel.agent.Budget;
import dev.carrel.agent.Conversation;
import dev.carrel.agent.Event;
import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.tool.ToolStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/// What callers send: checks it, and turns it into entries of the journal.
final class Inputs {
    private static final int USER_CHARS_MAX = 256;
    private static final int METADATA_PAIRS_MAX = 64;
    private static final int METADATA_KEY_CHARS_MAX = 64;
    private static final int METADATA_VALUE_CHARS_MAX = 512;
    private static final int MESSAGES_MAX = 256;
    private static final int CALLER_TOOLS_MAX = 128;

    private Inputs() {}

    static void requireValid(NewSession session) {
        require(
                session.user().orElse("").length() <= USER_CHARS_MAX,
                "user",
                "user has more than " + USER_CHARS_MAX + " characters");
        require(
                session.metadata().size() <= METADATA_PAIRS_MAX,
                "metadata",
                "metadata has more than " + METADATA_PAIRS_MAX + " pairs");
        session.metadata()
                .forEach((key, value) -> {
                    require(
                            !key.isEmpty() && key.length() <= METADATA_KEY_CHARS_MAX,
                            "metadata",
                            "a key of metadata must have 1 to "
                                    + METADATA_KEY_CHARS_MAX
                                    + " characters");
                    require(
                            value.length() <= METADATA_VALUE_CHARS_MAX,
                            "metadata",
                            "metadata."
                                    + key
                                    + " has more than "
                                    + METADATA_VALUE_CHARS_MAX
                                    + " characters");
                });
    }

    static void requireValid(TurnInput input, int bytesMax) {
        require(
                input.messages().stream().noneMatch(String::isBlank),
                "content",
                "a message must say something");
        require(
                input.messages().size() <= MESSAGES_MAX,
                "messages",
                "there are more than " + MESSAGES_MAX + " new messages");
        require(
                input.callerTools().size() <= CALLER_TOOLS_MAX,
                "tools",
                "there are more than " + CALLER_TOOLS_MAX + " tools");
        long bytes = bytes(input);
        if (bytes > bytesMax) {
            throw new CarrelException(
                    ErrorCode.BODY_TOO_LARGE,
                    "the input has "
                            + bytes
                            + " bytes, the limit is "
                            + bytesMax
                            + ": put large texts into files of the sandbox");
        }
    }

    /// The entries that start a turn: results first, then messages. The caller's tools stand in the
    /// last message, the budget in each; where there is none, in one without text.
    static List<Event> events(Handle handle, SessionKey session, TurnInput input) {
        var events = new ArrayList<Event>();
        if (!input.callerResults().isEmpty()) {
            events.addAll(results(openCalls(handle, session.id()), session, input.callerResults()));
        }
        List<String> texts = input.messages();
        if (texts.isEmpty()
                && !(input.callerTools().isEmpty() && input.budget().equals(Budget.NONE))) {
            texts = List.of("");
        }
        for (int i = 0; i < texts.size(); i++) {
            List<ToolSpec> tools = i == texts.size() - 1 ? input.callerTools() : List.of();
            events.add(new Event.UserMessage(texts.get(i), tools).within(input.budget()));
        }
        return events;
    }

    /// The entries that steer a turn that runs. It takes messages only: results of the caller's
    /// tools start a turn, and its tools belong to one.
    static List<Event> steering(TurnInput input) {
        if (!input.callerResults().isEmpty() || !input.callerTools().isEmpty()) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "tools and their results cannot be given to a turn that runs: queue them");
        }
        return input.messages().stream()
                .<Event>map(text -> Event.UserMessage.steering(text).within(input.budget()))
                .toList();
    }

    /// In the order of the calls, whatever the order of the results.
    private static List<Event> results(
            Map<String, ToolCall> open, SessionKey session, Map<String, String> given) {
        var rest = new HashMap<>(given);
        var events = new ArrayList<Event>();
        open.forEach((id, call) -> {
            @Nullable String text = rest.remove(id);
            if (text != null) {
                events.add(
                        new Event.ToolCompleted(
                                id, call.name(), ToolStatus.OK, text, Duration.ZERO));
            }
        });
        if (!rest.isEmpty()) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "session "
                            + session.id()
                            + " waits for no result of tool call "
                            + String.join(", ", rest.keySet())
                            + (open.isEmpty()
                                    ? ": no call is open"
                                    : ": open are " + String.join(", ", open.keySet())));
        }
        return events;
    }

    /// Calls that wait for their caller: those of the last answer without a result of the newest
    /// turn that counts, if that turn ended in order to have them answered. With a later turn they
    /// are void.
    private static Map<String, ToolCall> openCalls(Handle handle, SessionId session) {
        var counting = CountingEntries.of(handle, session);
        List<Event> step =
                EventRows.newestTurn(handle, session, counting)
                        .map(turn ->
                                EventRows.lastStep(
                                        handle,
                                        session,
                                        turn.turn(),
                                        counting.endOf(turn.position())))
                        .orElse(List.of())
                        .stream()
                        .map(StreamItem.Recorded::event)
                        .filter(event ->
                                !(event instanceof Event.UserMessage message && message.steer()))
                        .toList();
        var open = new LinkedHashMap<String, ToolCall>();
        if (!step.isEmpty() && step.getLast() instanceof Event.TurnCompleted) {
            Conversation.of(step)
                    .openCalls()
                    .forEach(call -> open.put(call.call().id(), call.call()));
        }
        return open;
    }

    static void requireQueueRoom(Handle handle, SessionId session, int turnsMax) {
        long waiting = TurnRows.open(handle, session).stream().filter(t -> !t.running()).count();
        if (waiting >= turnsMax) {
            throw new CarrelException(
                    ErrorCode.SESSION_BUSY,
                    "session "
                            + session
                            + " has "
                            + waiting
                            + " turns waiting, the most there may be: send again when one has"
                            + " started, or interrupt");
        }
    }

    static void requireSteeringRoom(Handle handle, SessionId session, TurnId turn, int more) {
        if (EventRows.unseenMessages(handle, session, turn).size() + more
                > Sessions.STEERING_MESSAGES_MAX) {
            throw new CarrelException(
                    ErrorCode.SESSION_BUSY,
                    "session "
                            + session
                            + " has "
                            + Sessions.STEERING_MESSAGES_MAX
                            + " messages that its turn has not seen yet, the most there may be:"
                            + " send again when the model is asked next, or interrupt");
        }
    }

    private static long bytes(TurnInput input) {
        long texts = input.messages().stream().mapToLong(Inputs::bytes).sum();
        long results = input.callerResults().values().stream().mapToLong(Inputs::bytes).sum();
        long tools =
                input.callerTools().stream()
                        .mapToLong(tool ->
                                bytes(tool.name())
                                        + bytes(tool.description())
                                        + bytes(tool.parameters().toString()))
                        .sum();
        return texts + results + tools;
    }

    private static long bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static void require(boolean condition, String param, String message) {
        if (!condition) {
            throw CarrelException.ofParam(ErrorCode.INVALID_REQUEST, param, message);
        }
    }
}
