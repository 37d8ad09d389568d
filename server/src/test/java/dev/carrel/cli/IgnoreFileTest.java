package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/// Which files a `.dockerignore` leaves out.
class IgnoreFileTest {
    @Test
    void patternsNameFilesAndAllBelowThem() {
        IgnoreFile file =
                IgnoreFile.parse(
                        List.of(
                                "# a comment",
                                "",
                                "node_modules/",
                                "/out",
                                "*.log",
                                "**/*.tmp",
                                "a/*/c",
                                "!keep.log",
                                "[x-z]?"));

        assertThat(file.leavesOut("node_modules/x/y")).isTrue();
        assertThat(file.leavesOut("src/node_modules/x")).isFalse();
        assertThat(file.leavesOut("out")).isTrue();
        assertThat(file.leavesOut("a.log")).isTrue();
        assertThat(file.leavesOut("src/a.log")).isFalse();
        assertThat(file.leavesOut("a.tmp")).isTrue();
        assertThat(file.leavesOut("src/deep/a.tmp")).isTrue();
        assertThat(file.leavesOut("a/b/c")).isTrue();
        assertThat(file.leavesOut("a/b/d/c")).isFalse();
        assertThat(file.leavesOut("keep.log")).isFalse();
        assertThat(file.leavesOut("y1")).isTrue();
        assertThat(file.leavesOut("w1")).isFalse();
        assertThat(file.takesBack()).isTrue();
    }

    @Test
    void lastLineThatFitsCounts() {
        IgnoreFile file = IgnoreFile.parse(List.of("*", "!src", "src/secret"));

        assertThat(file.leavesOut("README")).isTrue();
        assertThat(file.leavesOut("src/a")).isFalse();
        assertThat(file.leavesOut("src/secret")).isTrue();
        assertThat(IgnoreFile.parse(List.of()).leavesOut("a")).isFalse();
    }
}
