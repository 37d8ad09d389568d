package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ToolArgumentsTest {
    private static ToolSpec spec(String schema) {
        try {
            return new ToolSpec("t", "", (ObjectNode) new ObjectMapper().readTree(schema));
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private static final ToolSpec SPEC =
            spec(
                    """
                    {"type":"object","required":["path"],"properties":{
                      "path":{"type":"string"},
                      "limit":{"type":"integer","minimum":1,"maximum":10},
                      "ratio":{"type":"number"},
                      "all":{"type":"boolean"},
                      "mode":{"type":"string","enum":["a","b"]},
                      "names":{"type":"array","items":{"type":"string"}},
                      "more":{"type":"object"},
                      "any":{}}}\
                    """);

    @Test
    void takesWhatFits() {
        String raw =
                """
                {"path":"x","limit":3.0,"ratio":1,"all":true,"mode":"b","names":["a"],"more":{},
                 "any":[1]}\
                """;
        assertThat(ToolArguments.parse(SPEC, raw)).isInstanceOf(ToolArguments.Valid.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"limit\":1} | the parameter \"path\" is missing",
                "{\"path\":null} | the parameter \"path\" is missing",
                "{\"path\":1} | the parameter \"path\" must be a string, not the number 1",
                "{\"path\":\"x\",\"limit\":\"3\"} | \"limit\" must be an integer, not a string",
                "{\"path\":\"x\",\"limit\":1.5} | \"limit\" must be an integer, not the number 1.5",
                "{\"path\":\"x\",\"limit\":0} | \"limit\" must be at least 1, not 0",
                "{\"path\":\"x\",\"limit\":11} | \"limit\" must be at most 10, not 11",
                "{\"path\":\"x\",\"limit\":1e99} | \"limit\" must be",
                "{\"path\":\"x\",\"all\":\"yes\"} | \"all\" must be a boolean, not a string",
                "{\"path\":\"x\",\"mode\":\"c\"} | \"mode\" must be one of [\"a\",\"b\"], not \"c\"",
                "{\"path\":\"x\",\"names\":[\"a\",1]} | whose every item is a string, not the number",
                "{\"path\":\"x\",\"names\":\"a\"} | \"names\" must be an array, not a string",
                "{\"path\":\"x\",\"more\":[]} | \"more\" must be an object, not an array",
                "{\"path\":\"x\",\"pth\":1} | no parameter \"pth\"; did you mean \"path\"?",
                "\"x\" | must be a JSON object, not a string",
            })
    void namesWhatDoesNotFit(String raw, String problem) {
        assertThat(ToolArguments.parse(SPEC, raw))
                .isInstanceOfSatisfying(
                        ToolArguments.Mismatch.class,
                        mismatch -> assertThat(mismatch.problem()).contains(problem));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"path\":",
                "{\"path\":\"x\"} x",
                "{path:1}",
                "nonsense",
                "{\"path\":\"x\"}}"
            })
    void tellsTextThatIsNotJson(String raw) {
        assertThat(ToolArguments.parse(SPEC, raw))
                .isInstanceOfSatisfying(
                        ToolArguments.Malformed.class,
                        malformed -> assertThat(malformed.problem()).contains("not valid JSON"));
    }

    @Test
    void nothingIsAnEmptyObject() {
        ToolSpec none = spec("{\"type\":\"object\",\"properties\":{}}");
        assertThat(ToolArguments.parse(none, " ")).isInstanceOf(ToolArguments.Valid.class);
        assertThat(ToolArguments.parse(none, "{\"a\":1}"))
                .isInstanceOfSatisfying(
                        ToolArguments.Mismatch.class,
                        mismatch -> assertThat(mismatch.problem()).contains("it takes none"));
    }

    @Test
    void anOptionalNullIsLeftOut() {
        assertThat(ToolArguments.parse(SPEC, "{\"path\":\"x\",\"limit\":null}"))
                .isInstanceOfSatisfying(
                        ToolArguments.Valid.class,
                        valid -> assertThat(valid.arguments().has("limit")).isFalse());
    }
}
