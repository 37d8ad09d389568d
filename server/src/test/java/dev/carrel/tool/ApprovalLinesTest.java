package dev.carrel.tool;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.io.InputStream;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Lines of files beside this class, in which `⏎` is a line end.
class ApprovalLinesTest {
    private static final String PUSH = "bash(git push*)";
    private static final String REMOVE = "bash(rm -rf /*)";

    private static boolean asks(String pattern, String line) {
        var arguments = JsonNodeFactory.instance.objectNode();
        arguments.put("command", line.replace('⏎', '\n'));
        return ApprovalPattern.parse(pattern)
                .orElseThrow()
                .matches(new BashTool().spec(), arguments, "/workspace");
    }

    private static Stream<String> lines(String file) throws IOException {
        try (InputStream in = ApprovalLinesTest.class.getResourceAsStream(file)) {
            return new String(in.readAllBytes(), UTF_8).lines().toList().stream();
        }
    }

    static Stream<String> pushes() throws IOException {
        return lines("asked.txt");
    }

    static Stream<String> removals() throws IOException {
        return lines("asked-rm.txt");
    }

    static Stream<String> everyday() throws IOException {
        return lines("everyday.txt");
    }

    @ParameterizedTest
    @MethodSource("pushes")
    void whatAShellMakesAPushOfIsAsked(String line) {
        assertThat(asks(PUSH, line)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("removals")
    void whatAShellMakesARemovalOfIsAsked(String line) {
        assertThat(asks(REMOVE, line)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("everyday")
    void everydayLinesAreNotAsked(String line) {
        assertThat(asks(PUSH, line)).isFalse();
        assertThat(asks(REMOVE, line)).isFalse();
    }

    @Test
    void whatHasTooManyBracesIsAsked() {
        assertThat(asks(PUSH, "{a,b}".repeat(7))).isTrue();
        assertThat(asks(PUSH, "{".repeat(Braces.WORDS_MAX + 1))).isTrue();
        assertThat(asks(PUSH, "ls {a,b}{c,d}{e,f}")).isFalse();
    }

    @Test
    void hostileExpansionsAreReadInTime() {
        assertThat(asks(PUSH, "ls " + "{a,".repeat(40_000))).isFalse();
        assertThat(asks(PUSH, "((a) ".repeat(24_000))).isTrue();
        assertThat(asks(PUSH, "ls " + "(".repeat(40_000) + ") ".repeat(40_000))).isFalse();
        assertThat(asks(PUSH, "ls " + "*$x".repeat(40_000))).isFalse();
        assertThat(asks(PUSH, "${".repeat(60_000))).isTrue();
        assertThat(asks(PUSH, "${a".repeat(20_000) + "}".repeat(20_000))).isTrue();
        assertThat(asks(PUSH, "ls " + "[".repeat(120_000))).isFalse();
        assertThat(asks("bash(*a*a*a*b)", "$x ".repeat(40_000))).isTrue();
        assertThat(asks(PUSH, "sudo ".repeat(ShellText.RUNNER_WORDS_MAX) + "ls")).isTrue();
    }

    @Test
    void anyTextCanBeRead() {
        String[] pieces =
                "git|push|$|{|}|(|)|[|]|<|>|'|\"|`|\\| |\n|;|&|,|..|*|?|~|=|x|EOF|case|bash|xargs|-c"
                        .split("\\|");
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            var line = new StringBuilder();
            for (int n = random.nextInt(24); n > 0; n--) {
                line.append(pieces[random.nextInt(pieces.length)]);
            }
            assertThatCode(() -> asks(REMOVE, line.toString())).doesNotThrowAnyException();
        }
    }
}
