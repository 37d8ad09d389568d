package dev.carrel.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.build.Instruction.Arg;
import dev.carrel.build.Instruction.Copy;
import dev.carrel.build.Instruction.Env;
import dev.carrel.build.Instruction.Ignored;
import dev.carrel.build.Instruction.Run;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is read of a Dockerfile, and what is refused.
class DockerfileTest {
    private static Instruction only(String instruction) {
        Dockerfile file = Dockerfile.parse("FROM coding\n" + instruction);
        assertThat(file.stages()).hasSize(1);
        assertThat(file.stages().getFirst().instructions()).hasSize(1);
        return file.stages().getFirst().instructions().getFirst();
    }

    @Test
    void stagesArgumentsCommentsAndContinuedLines() {
        Dockerfile file =
                Dockerfile.parse(
                        """
                        # syntax=docker/dockerfile:1
                        ARG BASE=coding

                        from $BASE as Tools
                        RUN one && \\
                            # in the middle
                              two \\

                            three
                        FROM tools
                        """);

        assertThat(file.arguments()).extracting(Arg::name).containsExactly("BASE");
        assertThat(file.stages()).hasSize(2);
        assertThat(file.stages().getFirst().from().name()).contains("tools");
        var run = (Run) file.stages().getFirst().instructions().getFirst();
        assertThat(run.line()).isEqualTo(5);
        assertThat(run.command()).hasSize(1);
        assertThat(run.command().getFirst().split("\\s+"))
                .containsExactly("one", "&&", "two", "three");
        assertThat(file.steps()).isEqualTo(3);
    }

    @Test
    void commandsAreLinesOrLists() {
        assertThat(only("RUN echo \"a b\"  'c'"))
                .isEqualTo(new Run(2, "RUN echo \"a b\" 'c'", List.of("echo \"a b\"  'c'"), true));
        assertThat(((Run) only("RUN [\"echo\", \"a b\"]")).command())
                .containsExactly("echo", "a b");
        assertThat(((Run) only("RUN [ -f x ] && true")).isShell()).isTrue();
        assertThat(((Run) only("RUN echo $((1<<x)) <<<y")).isShell()).isTrue();
    }

    @Test
    void variablesComeInBothForms() {
        assertThat(((Env) only("ENV A=b C=\"d e\" F=g\\ h")).variables())
                .containsExactly(
                        Map.entry("A", "b"), Map.entry("C", "\"d e\""), Map.entry("F", "g\\ h"));
        assertThat(((Env) only("ENV A b c")).variables()).containsExactly(Map.entry("A", "b c"));
    }

    @Test
    void copiesHaveFlagsListsAndSeveralSources() {
        var copy = (Copy) only("COPY --from=tools --chown=app:app --chmod=755 a b* /to/");
        assertThat(copy.options())
                .isEqualTo(
                        new Copy.Options(
                                Optional.of("tools"), Optional.of("app:app"), Optional.of("755")));
        assertThat(copy.sources()).containsExactly("a", "b*");
        assertThat(copy.target()).isEqualTo("/to/");
        assertThat(((Copy) only("COPY [\"a b\", \"c\"]")).sources()).containsExactly("a b");
    }

    @Test
    void whatMeansNothingHereSaysSo() {
        for (String each :
                List.of(
                        "CMD x",
                        "ENTRYPOINT [\"x\"]",
                        "EXPOSE 80",
                        "VOLUME /x",
                        "STOPSIGNAL 9",
                        "HEALTHCHECK --interval=5s CMD x",
                        "MAINTAINER me")) {
            assertThat(only(each)).isInstanceOf(Ignored.class);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    RUNN x                     | did you mean RUN
                    RUN                        | needs something
                    RUN --mount=type=cache x   | --mount is not supported
                    RUN cat <<EOF              | here-documents
                    RUN []                     | names no program
                    COPY a                     | COPY source... target
                    COPY --link a b            | --link is not supported
                    ADD https://x/y /y         | takes no addresses
                    ADD git@host:x /y          | takes no addresses
                    ADD x.tar.gz /y            | unpacks nothing
                    ADD --from=a x /y          | --from is not supported
                    ENV A                      | ENV name=value
                    ENV 1A=b                   | is no name of a variable
                    ENV A='b                   | a quote is not closed
                    ARG a-b                    | is no name of a variable
                    ONBUILD RUN x              | ONBUILD is not supported
                    SHELL bash                 | SHELL [
                    FROM scratch               | no image scratch
                    FROM a as 1                | is no name of a stage
                    FROM --platform=linux/mips a | this host builds for
                    FROM a b                   | FROM image
                    """)
    void refusalsNameTheLine(String instruction, String why) {
        assertThatThrownBy(
                        () -> Dockerfile.parse("FROM coding\n" + instruction.replace("\\\\", "\\")))
                .isInstanceOf(CarrelException.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining(why)
                .extracting("code")
                .isEqualTo(ErrorCode.INVALID_DEFINITION);
    }

    @Test
    void marksAtTheEdgesOfAFileAreTaken() {
        for (String text :
                List.of("\uFEFFFROM x\nRUN y", "FROM x\nRUN y \\", "FROM x\nRUN y\n\\")) {
            Dockerfile file = Dockerfile.parse(text);
            assertThat(file.stages().getFirst().from().base()).isEqualTo("x");
            assertThat(file.stages().getFirst().instructions())
                    .singleElement()
                    .satisfies(run -> assertThat(((Run) run).command()).containsExactly("y"));
        }
        assertThatThrownBy(() -> Dockerfile.parse("\\")).hasMessageContaining("no FROM");
    }

    @Test
    void noTextHasANul() {
        for (String line : List.of("ENV A=\0", "LABEL a\0=b", "WORKDIR /\0", "USER \0", "# \0")) {
            assertThatThrownBy(() -> Dockerfile.parse("FROM x\n" + line))
                    .hasMessageContaining("line 2")
                    .hasMessageContaining("NUL");
        }
    }

    @Test
    void filesWithoutFromOrWithOtherEscapesAreRefused() {
        assertThatThrownBy(() -> Dockerfile.parse("")).hasMessageContaining("no FROM");
        assertThatThrownBy(() -> Dockerfile.parse("RUN x\nFROM y"))
                .hasMessageContaining("only ARG");
        assertThatThrownBy(() -> Dockerfile.parse("# escape=`\nFROM y"))
                .hasMessageContaining("continued by");
        assertThatThrownBy(() -> Dockerfile.parse("FROM x\n" + "RUN x\n".repeat(256)))
                .hasMessageContaining("256 instructions");
        assertThatThrownBy(() -> Dockerfile.parse("FROM x\n".repeat(33)))
                .hasMessageContaining("32 stages");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            textBlock =
                    """
                    $A-${A}            | one-one
                    ${B:-two}${B-three}| twothree
                    ${A:-two}          | one
                    ${A:+set}${B:+set}x| setx
                    ${E:-two}x${E-two} | twox
                    "$A b"             | one b
                    '$A'               | $A
                    \\$A               | $A
                    "\\n\\""           | \\n"
                    $B                 | ~~
                    a$                 | a$
                    ${B:-x${A}y}z      | xoneyz
                    ${A:+${B:-two}}    | two
                    """)
    void variablesAreReplaced(String word, String expected) {
        Map<String, String> values = Map.of("A", "one", "E", "");
        assertThat(Words.expand(1, word.replace("\\\\", "\\"), values::get))
                .isEqualTo(expected.replace("\\\\", "\\"));
    }

    @Test
    void otherOperatorsAreRefused() {
        assertThatThrownBy(() -> Words.expand(3, "${A#x}", Map.of("A", "b")::get))
                .hasMessageContaining("line 3")
                .hasMessageContaining("${A#x}");
        assertThatThrownBy(() -> Words.expand(3, "${B:-x", Map.of("A", "b")::get))
                .hasMessageContaining("not closed");
        String deep = "${B:-".repeat(10_000) + "}".repeat(10_000);
        assertThatThrownBy(() -> Words.expand(3, deep, Map.of("A", "b")::get))
                .hasMessageContaining("deep");
    }

    @ParameterizedTest
    @CsvSource({
        "*.txt, a.txt, true",
        "*.txt, a.txtx, false",
        "a?c, abc, true",
        "[a-c]x, bx, true",
        "[^a-c]x, bx, false",
        "a\\*, a*, true",
        "a\\*, ab, false",
        "*a*a*b, aaab, true",
        "*, anything, true"
    })
    void patternsMatchNames(String pattern, String name, boolean matches) {
        assertThat(PathPattern.of(1, pattern).matches(name)).isEqualTo(matches);
    }

    @Test
    void patternsCannotBeMadeSlow() {
        String pattern = "*a".repeat(120) + "b";
        assertThat(PathPattern.of(1, pattern).matches("a".repeat(255))).isFalse();
    }
}
