package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*.py | a.py",
                "*.py | deep/down/a.py",
                "./*.py | a.py",
                "**/*.py | a.py",
                "**/*.py | deep/down/a.py",
                "src/**/*.py | src/a.py",
                "src/**/*.py | src/x/y/a.py",
                "src/** | src/x/y",
                "src/*/a.py | src/x/a.py",
                "a?c | abc",
                "[a-c]x | bx",
                "[!a-c]x | dx",
                "[]]x | ]x",
                "*.{ts,tsx} | a.tsx",
                "{a,b{c,d}}.x | bd.x",
                "**/test_*/**/*.{py,txt} | q/test_a/b/c/d.txt",
                "*a*b* | xxaxxbxx",
                "* | .hidden",
                "{ | {",
                "[ | [",
                "**/é*.😀 | x/éa.😀",
            })
    void matches(String pattern, String path) {
        assertThat(new Glob(pattern).matches(path)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*.py | a.pyc",
                "./*.py | deep/a.py",
                "src/*.py | src/x/a.py",
                "src/**/*.py | lib/a.py",
                "src/*.py | x/src/a.py",
                "a?c | ac",
                "[a-c]x | dx",
                "*.{ts,tsx} | a.t",
                "**/x/* | x",
                "a*b | abc",
            })
    void doesNotMatch(String pattern, String path) {
        assertThat(new Glob(pattern).matches(path)).isFalse();
    }

    @Test
    void hostilePatternsTakeNoTime() {
        var glob = new Glob("**/" + "*a".repeat(100) + "b/**/**/**/*x*x*x*x*x*y");
        String path = ("a".repeat(250) + "/").repeat(15) + "x".repeat(250);
        Assertions.assertTimeout(Duration.ofSeconds(2), () -> glob.matches(path));
    }

    @Test
    void refusesPatternsThatStandForTooMany() {
        assertThatThrownBy(() -> new Glob("{a,b}".repeat(7)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("64");
        assertThatThrownBy(() -> new Glob("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Glob("a".repeat(1_001)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
