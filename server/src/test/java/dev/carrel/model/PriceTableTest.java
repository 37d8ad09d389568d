package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.carrel.error.CarrelException;
import java.math.BigDecimal;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PriceTableTest {
    private static final Usage MILLION = new Usage(1_000_000, 1_000_000, 0, 0, 0);

    private static PriceTable table(String yaml) throws JsonProcessingException {
        return PriceTable.of(new YAMLMapper().readTree(yaml));
    }

    private static Optional<String> usd(PriceTable table, String model, Usage usage) {
        return usage.at(table.of(ModelRef.parse(model)))
                .cost()
                .map(cost -> cost.usd().toPlainString());
    }

    @ParameterizedTest
    @CsvSource({
        "anthropic/claude-sonnet-4-5, 18",
        "anthropic/claude-sonnet-4-5-20250929, 18",
        "anthropic/claude-opus-4-5, 30",
        "anthropic/claude-opus-4-1, 90",
        "openai/gpt-5, 11.25",
        "openai/gpt-5-mini, 2.25",
        "openai/gpt-4o-mini, 0.75",
        "gemini/gemini-2.5-flash-lite, 0.5",
        "ollama/qwen3:8b, 0"
    })
    void wellKnownModelsHaveTheirListPrice(String model, String usd) {
        assertThat(usd(PriceTable.builtIn(), model, MILLION)).contains(usd);
    }

    @ParameterizedTest
    @CsvSource({"openai/gpt-9", "openai/gpt-5-pro", "work/claude-sonnet-4-5", "scripted/any"})
    void whatNobodyHasPricedHasNoPrice(String model) {
        assertThat(usd(PriceTable.builtIn(), model, MILLION)).isEmpty();
    }

    @Test
    void whatTheCacheHadAPartInHasPricesOfItsOwn() {
        var usage = new Usage(1_000_000, 0, 600_000, 300_000, 0);
        // 0.1 × 3 + 0.6 × 0.30 + 0.3 × 3.75
        assertThat(usd(PriceTable.builtIn(), "anthropic/claude-sonnet-4-5", usage))
                .contains("1.605");
    }

    @Test
    void oneTokenIsCountedExactly() throws Exception {
        var table = table("{a/b: {input: 0.0375, output: 0.000001}}");
        assertThat(usd(table, "a/b", new Usage(1, 1, 0, 0, 0))).contains("0.000000037501");
        assertThat(usd(table, "a/b", new Usage(3, 0, 0, 0, 0))).contains("0.0000001125");
    }

    @Test
    void theOperatorsListIsAboveTheOneThatComesAlong() throws Exception {
        var table =
                table(
                        """
                        anthropic/*: {input: 1, output: 1}
                        anthropic/claude-opus*: {input: 2, output: 2}
                        work/x: {input: 0, output: 5, cache_read: 0}
                        """);
        assertThat(usd(table, "anthropic/claude-sonnet-4-5", MILLION)).contains("2");
        assertThat(usd(table, "anthropic/claude-opus-4-5", MILLION)).contains("4");
        assertThat(usd(table, "work/x", MILLION)).contains("5");
        assertThat(usd(table, "openai/gpt-5", MILLION)).contains("11.25");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | prices must be a map",
                "{claude: {input: 1, output: 1}} | \"claude\" must be provider/model",
                "{a/b: 3} | prices.a/b must be a map",
                "{a/b: {input: 1}} | prices.a/b needs output",
                "{a/b: {input: 1, output: 1, cached: 1}} | unknown key \"cached\"",
                "{a/b: {input: -1, output: 1}} | prices.a/b.input must be dollars",
                "{a/b: {input: 0.0000001, output: 1}} | at most 6 decimals",
                "{a/b: {input: 1000001, output: 1}} | from 0 to 1000000",
                "{a/b: {input: free, output: 1}} | prices.a/b.input must be dollars"
            })
    void aWrongListIsRefusedByKey(String yaml, String message) {
        assertThatThrownBy(() -> table(yaml))
                .isInstanceOf(CarrelException.class)
                .hasMessageContaining(message);
    }

    @Test
    void whatAProviderCountsBackwardsOrWithoutEndIsBounded() {
        var wild = new Usage(-5, Long.MAX_VALUE, -1, Long.MIN_VALUE, 3).bounded();
        assertThat(wild).isEqualTo(new Usage(0, Usage.TOKENS_MAX, 0, 0, 3));
        assertThat(wild.plus(wild).totalTokens()).isEqualTo(2 * Usage.TOKENS_MAX);
    }

    @Test
    void costsNeverOverflowAndAreUnknownWhereAPartIs() throws Exception {
        var dear = table("{a/b: {input: 1000000, output: 1000000}}").of(ModelRef.parse("a/b"));
        Usage usage = new Usage(Usage.TOKENS_MAX, Usage.TOKENS_MAX, 0, 0, 0).at(dear);
        assertThat(usage.cost()).contains(Cost.MAX);
        assertThat(usage.plus(usage).cost()).contains(Cost.MAX);
        assertThat(usage.plus(MILLION).cost()).isEmpty();
        assertThat(Usage.NONE.plus(usage)).isEqualTo(usage);
        assertThat(Cost.ofUsd(new BigDecimal("5")).usd()).isEqualTo(new BigDecimal("5"));
    }
}
