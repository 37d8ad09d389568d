package dev.carrel.openai;

import dev.carrel.session.SessionId;
import dev.carrel.store.Ids;
import java.util.Optional;

/// The id of a tool call that the caller answers, as the caller sees it: the session's id, a hyphen
/// and the call's own id. Clients that run tools by themselves (`runTools` of openai-node and its
/// like) send the conversation back with nothing of ours in it but this, and it is enough to find
/// the session that waits. `session` is absent where somebody sends the bare id of a call.
record CallerCallId(Optional<SessionId> session, String call) {
    static CallerCallId of(SessionId session, String call) {
        return new CallerCallId(Optional.of(session), call);
    }

    static CallerCallId parse(String text) {
        int end = text.indexOf('-'); // the ids that we make have none
        return end > 0 && Ids.isId("ses", text.substring(0, end))
                ? of(new SessionId(text.substring(0, end)), text.substring(end + 1))
                : new CallerCallId(Optional.empty(), text);
    }

    @Override
    public String toString() {
        return session.map(id -> id + "-").orElse("") + call;
    }
}
