package dev.carrel.openai;

import dev.carrel.agent.Budget;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ToolSpec;
import dev.carrel.session.SessionId;
import dev.carrel.session.TurnInput;
import dev.carrel.store.Ids;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What a request asks for: a turn of an agent, in a session that exists or a new one.
record ChatTask(
        String agent,
        Optional<SessionId> session,
        Optional<String> user,
        Map<String, String> metadata,
        TurnInput input,
        OnDisconnect onDisconnect) {

    /// What becomes of the turn when its caller hangs up.
    enum OnDisconnect {
        GO_ON,
        CANCEL
    }

    ChatTask {
        metadata = Map.copyOf(metadata);
    }

    /// `header` is the session as the request's headers name it.
    static ChatTask of(ChatBody body, Optional<String> header) {
        String agent =
                body.agent()
                        .or(body::model)
                        .orElseThrow(() -> invalid("model", "model is required: name an agent"));
        NewMessages messages = NewMessages.of(body.messages());
        Optional<SessionId> session = session(header, body.sessionId(), messages.sessions());
        if (session.isEmpty() && !messages.results().isEmpty()) {
            throw invalid(
                    "messages",
                    "a message of role tool needs the session whose call it answers: send the"
                            + " tool_call_id as it was given, or the header x-session-id");
        }
        var input =
                new TurnInput(messages.texts(), messages.results(), tools(body))
                        .within(budget(body));
        return new ChatTask(
                agent, session, body.user(), body.metadata(), input, onDisconnect(body));
    }

    private static Optional<SessionId> session(
            Optional<String> header, Optional<String> field, Set<SessionId> answered) {
        var named = new HashSet<>(answered);
        header.map(ChatTask::sessionId).ifPresent(named::add);
        field.map(ChatTask::sessionId).ifPresent(named::add);
        if (named.size() > 1) {
            throw invalid(
                    "session_id",
                    "the request names several sessions; header x-session-id, field session_id and"
                            + " the ids of answered tool calls must agree");
        }
        return named.stream().findFirst();
    }

    private static SessionId sessionId(String text) {
        if (!Ids.isId("ses", text)) {
            throw CarrelException.ofParam(
                    ErrorCode.SESSION_NOT_FOUND,
                    "session_id",
                    "the session that the request names does not exist: session ids look like"
                            + " ses_…; leave it out to start a new session");
        }
        return new SessionId(text);
    }

    private static List<ToolSpec> tools(ChatBody body) {
        boolean none = body.toolChoice().filter(c -> c.asText().equals("none")).isPresent();
        return none ? List.of() : CallerTools.of(body.tools());
    }

    private static Budget budget(ChatBody body) {
        return body.budget()
                .map(limits ->
                        Budget.requested(
                                limits.usd(), limits.tokens(), limits.minutes(), limits.steps()))
                .orElse(Budget.NONE);
    }

    private static OnDisconnect onDisconnect(ChatBody body) {
        OnDisconnect choice =
                switch (body.onDisconnect().orElse("continue")) {
                    case "continue" -> OnDisconnect.GO_ON;
                    case "cancel" -> OnDisconnect.CANCEL;
                    default ->
                            throw invalid(
                                    "on_disconnect", "on_disconnect must be continue or cancel");
                };
        if (choice == OnDisconnect.CANCEL && !body.wantsStream()) {
            // Nothing is written until the end, so nobody would notice before.
            throw CarrelException.ofParam(
                    ErrorCode.UNSUPPORTED_PARAMETER,
                    "on_disconnect",
                    "on_disconnect: \"cancel\" works with \"stream\": true only");
        }
        return choice;
    }

    private static CarrelException invalid(String param, String message) {
        return CarrelException.ofParam(ErrorCode.INVALID_REQUEST, param, message);
    }
}
