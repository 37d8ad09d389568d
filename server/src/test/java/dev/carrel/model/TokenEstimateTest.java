package dev.carrel.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TokenEstimateTest {
    private static final String CODE =
            """
            private void userMessage(Event.UserMessage message) {
                if (turnRunning) {
                    (message.steer() ? steering : waiting).add(message);
                    return;
                }
                settle(CALLER_WENT_ON);
                takeSteering();
                if (callerToolsOfLastTurn) {
                    callerTools = List.of();
                    callerToolsOfLastTurn = false;
                }
            }
            """;
    private static final String PROSE =
            """
            Commands have no terminal and no standard input: use flags that make them ask nothing. \
            Start servers in the background, with their output in a file. Look before you change: \
            read what you are about to edit. When a result says that a call was interrupted, it \
            may have run in part.
            """;
    private static final String JSON =
            """
            {"id":"exe_1","status":"completed","exit_code":0,"stdout":"ok\\n","truncated":false}
            """;
    private static final String CHINESE =
            "碳素书桌是图书馆里给一个人安静工作的小书桌。我们需要检查测试失败的原因，然后修改代码并再次运行测试。" + "请把结果告诉用户，并且说明还有什么没有完成。";
    private static final String NUMBERS =
            IntStream.range(0, 2_000).mapToObj(Integer::toString).collect(Collectors.joining("\n"));

    /// The counts are those of OpenAI's o200k_base.
    static List<Arguments> counted() {
        return List.of(
                Arguments.of(CODE, 79),
                Arguments.of(PROSE, 60),
                Arguments.of(JSON, 26),
                Arguments.of(CHINESE, 48),
                Arguments.of(NUMBERS, 4999));
    }

    @ParameterizedTest
    @MethodSource("counted")
    void isWithinAQuarterOfWhatATokenizerCounts(String text, long tokens) {
        assertThat(TokenEstimate.of(text)).isCloseTo(tokens, Percentage.withPercentage(25));
    }

    @Test
    void isNothingForNothingAndGrowsWithTheText() {
        assertThat(TokenEstimate.of("")).isZero();
        assertThat(TokenEstimate.of(CODE.repeat(10))).isGreaterThan(9 * TokenEstimate.of(CODE));
    }
}
