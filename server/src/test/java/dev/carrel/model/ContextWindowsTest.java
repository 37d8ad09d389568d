package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.carrel.error.CarrelException;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContextWindowsTest {
    private static ContextWindows windows(String yaml) throws Exception {
        return ContextWindows.of(new YAMLMapper().readTree(yaml));
    }

    @ParameterizedTest
    @CsvSource({
        "anthropic/claude-sonnet-4-5, 200000",
        "openrouter/anthropic/claude-3.5-haiku, 200000",
        "bedrock/us.anthropic.claude-opus-4-1-v1:0, 200000",
        "openai/gpt-4o-mini, 128000",
        "openai/gpt-4, 8192",
        "openai/gpt-4.1-mini, 1047576",
        "openai/GPT-5-codex, 272000",
        "gemini/gemini-2.5-pro, 1048576",
        "xai/grok-4-fast-reasoning, 2000000",
        "local/something-new, 128000",
    })
    void knowsWellKnownModels(String model, long tokens) {
        assertThat(ContextWindows.BUILT_IN.tokens(ModelRef.parse(model))).isEqualTo(tokens);
    }

    @Test
    void theOperatorsWordComesFirstAndTheLongestThatFits() throws Exception {
        ContextWindows windows =
                windows("{'*': 9000, local/*: 32768, local/big-*: 64000, local/big-1: 70000}");
        assertThat(windows.tokens(ModelRef.parse("local/small"))).isEqualTo(32_768);
        assertThat(windows.tokens(ModelRef.parse("local/big-2"))).isEqualTo(64_000);
        assertThat(windows.tokens(ModelRef.parse("local/big-1"))).isEqualTo(70_000);
        assertThat(windows.tokens(ModelRef.parse("openai/gpt-4o"))).isEqualTo(9_000);
        assertThat(ContextWindows.of(MissingNode.getInstance())).isEqualTo(ContextWindows.BUILT_IN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[1]",
                "{openai/gpt-4o: many}",
                "{openai/gpt-4o: 999}",
                "{openai/gpt-4o: 1.5}",
                "{openai/gpt-4o: 100000001}",
                "{gpt-4o: 9000}",
                "{openai/*-mini: 9000}",
                "{openai/: 9000}",
            })
    void whatMakesNoSenseIsRefusedByItsKey(String yaml) {
        assertThatThrownBy(() -> windows(yaml))
                .isInstanceOf(CarrelException.class)
                .hasMessageStartingWith("context_windows");
    }

    @Test
    void anAnswerKeepsItsRoomFree() {
        var models =
                new ConfiguredModels(Map.of("fake", (_, _, _) -> null), ContextWindows.BUILT_IN);
        assertThat(models.window(ModelRef.parse("fake/gpt-4o")).requestTokens()).isEqualTo(112_000);
        assertThat(models.window(ModelRef.parse("fake/gpt-4")).requestTokens()).isEqualTo(6_144);
        assertThat(models.window(ModelRef.parse("gone/gpt-4")).requestTokens()).isEqualTo(6_144);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "This model's maximum context length is 128,000 tokens. You sent 130000 | 128000",
                "prompt is too long: 210000 tokens > 200000 maximum | 200000",
                "`max_tokens` exceed context limit: 190000 + 20000 > 200000 | 200000",
                "count (1200000) exceeds the maximum number of tokens allowed (1048576) | 1048576",
                "maximum prompt length is 131072 but the request contains 200000 | 131072",
                "40000 tokens, too large for model with 32768 maximum context length | 32768",
                "the request exceeds the available context size (4096 tokens) | 4096",
                "the request exceeds the available context size, try increasing it | 0",
                "too long | 0",
            })
    void findsTheLimitInARefusal(String text, long limit) {
        assertThat(ContextLimit.stated(text))
                .isEqualTo(limit == 0 ? OptionalLong.empty() : OptionalLong.of(limit));
    }
}
