package dev.carrel.openai;

import static dev.carrel.openai.Stand.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.model.ScriptedModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The `budget` of a chat request, in both forms of an answer.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChatBudgetIT {
    private static final String SCRIPT =
            """
            conversations:
              - when: "wander"
                steps:
                  - {text: "One.", calls: [{name: list, arguments: {path: "."}}]}
                  - {text: "Two.", calls: [{name: glob, arguments: {pattern: "*"}}]}
                  - text: "Home."
              - when: "think"
                steps: [{text: "At last.", delay_ms: 50000}]
            """;
    private Stand stand;

    @BeforeAll
    void start(@TempDir Path home) throws IOException {
        stand = new Stand(home, ScriptedModel.parse(SCRIPT, "script.yaml"));
    }

    @AfterAll
    void stop() {
        stand.close();
    }

    private HttpResponse<String> chat(String text, String budget, boolean stream) throws Exception {
        return stand.chat(
                "{'model':'coder','messages':[{'role':'user','content':'%s'}],'budget':%s,'stream':%b}"
                        .formatted(text, budget, stream));
    }

    /// The choice of the last chunk that has one.
    private static JsonNode lastChoice(String stream) {
        List<JsonNode> choices =
                stream.lines()
                        .filter(line -> line.startsWith("data: {"))
                        .map(line -> json(line.substring("data: ".length())).at("/choices/0"))
                        .filter(JsonNode::isObject)
                        .toList();
        return choices.getLast();
    }

    @ParameterizedTest
    @CsvSource({
        "wander, tokens, 1, budget, of 1 tokens",
        "think, minutes, 0.005, budget, of 0.005 minutes",
        "wander, steps, 1, max_steps, ''"
    })
    void anAnswerThatItsBudgetEndsSaysSo(
            String text, String unit, String limit, String reason, String why) throws Exception {
        String budget = "{'%s':%s}".formatted(unit, limit);
        HttpResponse<String> whole = chat(text, budget, false);
        HttpResponse<String> streamed = chat(text, budget, true);
        assertThat(streamed.body()).endsWith("data: [DONE]\n\n");
        for (JsonNode choice : List.of(json(whole).at("/choices/0"), lastChoice(streamed.body()))) {
            assertThat(choice.path("finish_reason").asText()).isEqualTo("length");
            assertThat(choice.path("stop_reason").asText()).isEqualTo(reason);
            assertThat(choice.at("/stop_detail/message").asText()).contains(why);
        }
    }

    @Test
    void moneyThatNobodyCanCountIsAnError() throws Exception {
        HttpResponse<String> answer = chat("wander", "{'usd':1}", false);
        assertThat(json(answer).at("/error/code").asText()).isEqualTo("model_price_unknown");
    }

    @Test
    void budgetsThatMakeNoSenseAreRefused() throws Exception {
        for (String budget :
                List.of("{'usd':0}", "{'steps':-1}", "{'minutes':'x'}", "7", "{'dollars':1}")) {
            HttpResponse<String> answer = chat("wander", budget, true);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
            assertThat(json(answer).at("/error/param").asText()).startsWith("budget");
        }
    }

    @Test
    void aBudgetThatIsNotReachedChangesNothing() throws Exception {
        HttpResponse<String> answer =
                chat("wander", "{'tokens':100000,'minutes':5,'steps':3}", false);
        assertThat(json(answer).at("/choices/0/stop_reason").asText()).isEqualTo("end");
    }
}
