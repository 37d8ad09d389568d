package dev.carrel.session;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.Cut;
import dev.carrel.agent.Event;
import java.util.OptionalLong;

/// The fields of an entry of type `compaction`.
final class CompactionJson {
    private static final String LEFT_OUT = "left_out";

    private CompactionJson() {}

    static void write(Event.Compaction event, ObjectNode body) {
        body.put("model", event.model());
        switch (event.cut()) {
            case Cut.Results cut ->
                    body.put("kind", "results")
                            .put("kept_answers", cut.keptAnswers())
                            .put("result_chars_max", cut.charsMax());
            case Cut.Texts cut ->
                    body.put("kind", "texts")
                            .put("kept_answers", cut.keptAnswers())
                            .put("chars_max", cut.charsMax())
                            .put("answers", cut.answers());
            case Cut.Summary cut -> {
                body.put("kind", cut.text().isEmpty() ? LEFT_OUT : "summary")
                        .put("kept_answers", cut.keptAnswers())
                        .put("kept_from", cut.keptFrom())
                        .put("kept_user_messages", cut.keptUserMessages());
                if (!cut.text().isEmpty()) {
                    body.put("summary", cut.text());
                }
                body.put("duration_ms", cut.duration().toMillis());
                body.set("usage", EventJson.of(cut.usage()));
            }
        }
        body.put("tokens_before", event.tokensBefore()).put("tokens_after", event.tokensAfter());
        event.limitTokens().ifPresent(limit -> body.put("limit_tokens", limit));
    }

    static Event read(JsonNode body) {
        int keptAnswers = body.path("kept_answers").asInt();
        Cut cut =
                switch (body.path("kind").asText()) {
                    case "summary", LEFT_OUT ->
                            new Cut.Summary(
                                    keptAnswers,
                                    body.path("kept_user_messages").asInt(),
                                    body.path("kept_from").asLong(),
                                    body.path("summary").asText(),
                                    EventBody.usage(body),
                                    EventBody.duration(body));
                    case "texts" ->
                            new Cut.Texts(
                                    keptAnswers,
                                    body.path("chars_max").asInt(),
                                    body.path("answers").asBoolean());
                    default -> new Cut.Results(keptAnswers, body.path("result_chars_max").asInt());
                };
        return new Event.Compaction(
                body.path("model").asText(),
                cut,
                body.path("tokens_before").asLong(),
                body.path("tokens_after").asLong(),
                body.has("limit_tokens")
                        ? OptionalLong.of(body.path("limit_tokens").asLong())
                        : OptionalLong.empty());
    }
}
