package dev.carrel.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JsonBodiesTest {
    private record Inner(Optional<Integer> memoryMb) {}

    private record Sample(
            String name,
            Optional<Boolean> fast,
            Optional<Long> ttlSeconds,
            Optional<Double> cpus,
            Map<String, String> env,
            List<Inner> inners) {
        Sample {
            if (name.isBlank()) {
                throw new IllegalArgumentException("name must not be blank");
            }
        }
    }

    private static Sample read(String json) {
        return JsonBodies.read(Sample.class, Json.strict(), json.getBytes(StandardCharsets.UTF_8));
    }

    private static CarrelException refusal(String json) {
        return catchThrowableOfType(CarrelException.class, () -> read(json));
    }

    @Test
    void whatIsAbsentOrNullIsEmpty() {
        var sample =
                new Sample(
                        "a",
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Map.of(),
                        List.of());
        assertThat(read("{\"name\":\"a\"}")).isEqualTo(sample);
        assertThat(read("{\"name\":\"a\",\"fast\":null,\"env\":null,\"inners\":null}"))
                .isEqualTo(sample);
    }

    @Test
    void halvesOfCharactersAreRefusedWhereTheyStand() {
        assertThat(refusal("{\"name\":\"a\\ud800\"}").param()).hasValue("name");
        assertThat(refusal("{\"name\":\"\\udc00\\ud800\"}").param()).hasValue("name");
        assertThat(refusal("{\"name\":\"a\",\"env\":{\"k\":\"\\uDFFF\"}}").param())
                .hasValue("env.k");
        assertThat(refusal("{\"name\":\"a\",\"env\":{\"\\ud800\":\"v\"}}").text())
                .containsIgnoringCase("surrogate");
        assertThat(read("{\"name\":\"\\ud83d\\ude00 \\u00e9\"}").name()).isEqualTo("😀 é");
        byte[] raw = {
            '{',
            '"',
            'n',
            'a',
            'm',
            'e',
            '"',
            ':',
            '"',
            (byte) 0xed,
            (byte) 0xa0,
            (byte) 0x80,
            '"',
            '}'
        };
        assertThat(
                        catchThrowableOfType(
                                CarrelException.class,
                                () -> JsonBodies.read(Sample.class, Json.strict(), raw)))
                .isNotNull();
    }

    @Test
    void malformedJsonNamesLineAndColumn() {
        CarrelException e = refusal("{\n  \"name\": \"a\",,\n}");
        assertThat(e.code()).isEqualTo(ErrorCode.INVALID_JSON);
        assertThat(e.text()).contains("line 2, column 15").doesNotContain("java", "\n");
        assertThat(refusal("{\"name\":\"a\"} x").code()).isEqualTo(ErrorCode.INVALID_JSON);
        assertThat(refusal("{\"name\":\"a\",\"name\":\"b\"}").code())
                .isEqualTo(ErrorCode.INVALID_JSON);
        assertThat(refusal("[".repeat(5_000)).code())
                .isIn(ErrorCode.INVALID_JSON, ErrorCode.INVALID_REQUEST);
    }

    @Test
    void anUnknownFieldNamesTheNearestKnownOne() {
        CarrelException e = refusal("{\"name\":\"a\",\"ttl_second\":1}");
        assertThat(e.code()).isEqualTo(ErrorCode.UNKNOWN_FIELD);
        assertThat(e.param()).contains("ttl_second");
        assertThat(e.text()).contains("did you mean \"ttl_seconds\"");
        assertThat(refusal("{\"name\":\"a\",\"inners\":[{},{\"memory\":1}]}").param())
                .contains("inners[1].memory");
    }

    @Test
    void wrongTypesNameTheFieldAndWhatItShouldBe() {
        assertWrong("{\"name\":7}", "name", "name must be a string");
        assertWrong("{\"name\":true}", "name", "name must be a string");
        assertWrong("{\"name\":\"a\",\"fast\":\"yes\"}", "fast", "fast must be true or false");
        assertWrong("{\"name\":\"a\",\"fast\":1}", "fast", "fast must be true or false");
        assertWrong("{\"name\":\"a\",\"ttl_seconds\":1.5}", "ttl_seconds", "a whole number");
        assertWrong("{\"name\":\"a\",\"ttl_seconds\":\"1\"}", "ttl_seconds", "a whole number");
        assertWrong("{\"name\":\"a\",\"cpus\":\"1\"}", "cpus", "cpus must be a number");
        assertWrong("{\"name\":\"a\",\"env\":[]}", "env", "env must be an object");
        assertWrong("{\"name\":\"a\",\"env\":{\"A\":1}}", "env.A", "env.A must be a string");
        assertWrong("{\"name\":\"a\",\"inners\":{}}", "inners", "inners must be a list");
        assertWrong(
                "{\"name\":\"a\",\"inners\":[{\"memory_mb\":99999999999}]}",
                "inners[0].memory_mb",
                "whole number");
    }

    @Test
    void whatIsRequiredMustBeThere() {
        assertWrong("{}", "name", "name is required");
        assertWrong("", "name", "name is required");
        assertWrong("{\"name\":null}", "name", "name is required");
    }

    @Test
    void collectionsHoldNoNull() {
        assertWrong("{\"name\":\"a\",\"env\":{\"A\":null}}", "env.A", "env.A must not be null");
        assertWrong("{\"name\":\"a\",\"inners\":[{},null]}", "inners[1]", "must not be null");
    }

    @Test
    void nothingFollowsTheObject() {
        for (String rest : List.of("{}", "{\"x\":1}", "[]", "1", "null", "}")) {
            CarrelException e = refusal("{\"name\":\"a\"} " + rest);
            assertThat(e.code()).as(rest).isEqualTo(ErrorCode.INVALID_JSON);
            assertThat(e.text()).as(rest).doesNotContain("java.", "dev.carrel");
        }
    }

    @Test
    void whatReadsAnyObjectRefusesAllElse() {
        for (String json : List.of("[]", "1", "{} {}")) {
            byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
            CarrelException e =
                    catchThrowableOfType(
                            CarrelException.class,
                            () -> JsonBodies.read(ObjectNode.class, Json.lenient(), bytes));
            assertThat(e.code().httpStatus()).as(json).isEqualTo(400);
        }
    }

    @Test
    void aRecordsOwnRefusalIsTheMessage() {
        assertThat(refusal("{\"name\":\" \"}").text()).isEqualTo("name must not be blank");
    }

    @Test
    void theBodyMustBeAnObject() {
        for (String json : List.of("[]", "\"x\"", "1", "null")) {
            assertThat(refusal(json).code()).as(json).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refusal(json).text()).contains("must be a JSON object");
        }
    }

    private static void assertWrong(String json, String param, String text) {
        CarrelException e = refusal(json);
        assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(e.param()).contains(param);
        assertThat(e.text()).contains(text).doesNotContain("java.", "dev.carrel");
    }
}
