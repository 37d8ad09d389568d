package dev.carrel.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.TurnId;
import dev.carrel.session.SessionId;
import java.time.Instant;

/// What every chunk of an answer says, and the whole of one: whose answer it is.
record AnswerHead(SessionId session, TurnId turn, String agent, Instant created) {
    ObjectNode json(String object) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("id", "chatcmpl-" + turn)
                .put("object", object)
                .put("created", created.getEpochSecond())
                .put("model", agent);
    }
}
