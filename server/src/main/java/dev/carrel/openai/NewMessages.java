package dev.carrel.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.openai.ChatBody.ChatMessage;
import dev.carrel.session.SessionId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The messages of a request that the session does not know yet: those after the last answer. The
/// session's own history is the truth for all before, so that is not even read.
///
/// Instructions of the caller (`system`, `developer`) among them reach the model as part of what
/// the user says, marked: callers expect them to count, but the agent's own system prompt belongs
/// to whoever deployed it.
final class NewMessages {
    private final List<String> texts = new ArrayList<>();
    private final Map<String, String> results = new LinkedHashMap<>();
    private final Set<SessionId> sessions = new HashSet<>();

    private NewMessages() {}

    static NewMessages of(List<ChatMessage> all) {
        int first = all.size();
        while (first > 0 && !all.get(first - 1).role().equals("assistant")) {
            first--;
        }
        var messages = new NewMessages();
        for (int i = first; i < all.size(); i++) {
            messages.add(all.get(i), "messages[" + i + "]");
        }
        if (messages.texts.isEmpty() && messages.results.isEmpty()) {
            throw invalid("messages", "messages must end with a message of role user or tool");
        }
        return messages;
    }

    List<String> texts() {
        return texts;
    }

    /// Results of the caller's tools by the ids of their calls.
    Map<String, String> results() {
        return results;
    }

    /// Sessions that the ids of the answered calls name.
    Set<SessionId> sessions() {
        return sessions;
    }

    private void add(ChatMessage message, String where) {
        String text = text(message, where + ".content");
        switch (message.role()) {
            case "user" -> {
                if (text.isBlank()) {
                    throw invalid(where + ".content", where + ".content must say something");
                }
                texts.add(text);
            }
            case "system", "developer" -> {
                if (!text.isBlank()) {
                    texts.add("<instructions>\n" + text + "\n</instructions>");
                }
            }
            case "tool" -> addResult(message, text, where + ".tool_call_id");
            default ->
                    throw invalid(
                            where + ".role",
                            where
                                    + ".role must be user, system, developer, assistant or tool,"
                                    + " not \""
                                    + message.role()
                                    + "\"");
        }
    }

    private void addResult(ChatMessage message, String text, String where) {
        var id =
                CallerCallId.parse(
                        message.toolCallId()
                                .orElseThrow(() -> invalid(where, where + " is required")));
        id.session().ifPresent(sessions::add);
        if (results.putIfAbsent(id.call(), text) != null) {
            throw invalid(where, where + " answers a call that another message answers already");
        }
    }

    private static String text(ChatMessage message, String where) {
        JsonNode content = message.content().filter(node -> !node.isNull()).orElse(null);
        if (content == null) {
            return "";
        } else if (content.isTextual()) {
            return content.textValue();
        } else if (!content.isArray()) {
            throw invalid(where, where + " must be a string or a list of parts");
        }
        var parts = new ArrayList<String>();
        for (JsonNode part : content) {
            parts.add(text(part, where + "[" + parts.size() + "]"));
        }
        return String.join("\n", parts);
    }

    private static String text(JsonNode part, String where) {
        String type = part.path("type").asText();
        if (!type.equals("text")) {
            throw CarrelException.ofParam(
                    ErrorCode.UNSUPPORTED_PARAMETER,
                    where,
                    where
                            + " is of type \""
                            + type
                            + "\", and only text is supported; put other content into files of the"
                            + " session's sandbox");
        }
        if (!part.path("text").isTextual()) {
            throw invalid(where + ".text", where + ".text must be a string");
        }
        return part.path("text").textValue();
    }

    private static CarrelException invalid(String param, String message) {
        return CarrelException.ofParam(ErrorCode.INVALID_REQUEST, param, message);
    }
}
