package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class EditToolTest {
    @TempDir Path directory;
    private ToolStage stage;

    @BeforeEach
    void open() {
        stage = new ToolStage(directory);
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private ToolResult edit(String from, String to) {
        return stage.call("edit", "path", "a.py", "old_string", from, "new_string", to);
    }

    private ToolResult editAll(String from, String to) {
        return stage.call(
                "edit", "path", "a.py", "old_string", from, "new_string", to, "replace_all", true);
    }

    @Test
    void replacesOnePassageAndShowsTheDifference() {
        stage.file("a.py", "one\ntwo\nthree\nfour\nfive\nsix\n");
        assertThat(edit("two\nthree", "2"))
                .isEqualTo(
                        ToolResult.ok(
                                """
                                edited /workspace/a.py (+1 −2)
                                ```diff
                                @@ -1,6 +1,5 @@
                                 one
                                -two
                                -three
                                +2
                                 four
                                 five
                                 six
                                ```\
                                """));
        assertThat(stage.text("a.py")).isEqualTo("one\n2\nfour\nfive\nsix\n");
    }

    @Test
    void severalMatchesAreCountedAndPlaced() {
        stage.file("a.py", "x = 1\ny = 1\nx = 1\n");
        ToolResult result = edit("= 1", "= 2");
        assertThat(result.status()).isEqualTo(ToolStatus.ERROR);
        assertThat(result.text()).contains("3 times", "lines 1, 2, 3", "replace_all");
        assertThat(stage.text("a.py")).isEqualTo("x = 1\ny = 1\nx = 1\n");
    }

    @Test
    void overlappingMatchesAreAmbiguous() {
        stage.file("a.py", "aaa");
        assertThat(edit("aa", "b").text()).contains("2 times");
    }

    @Test
    void veryManyMatchesAreNotAllListed() {
        stage.file("a.py", "x\n".repeat(1_000));
        assertThat(edit("x", "y").text()).contains("more than 20 times").hasSizeLessThan(300);
    }

    @Test
    void replacesAllWhenAsked() {
        stage.file("a.py", "a a aa\n");
        assertThat(editAll("a", "bb").status()).isEqualTo(ToolStatus.OK);
        assertThat(stage.text("a.py")).isEqualTo("bb bb bbbb\n");
    }

    @Test
    void windowsLineEndingsStay() {
        stage.file("a.py", "one\r\ntwo\r\nthree\r\n");
        assertThat(edit("one\ntwo\n", "1\n2\n2.5\n").status()).isEqualTo(ToolStatus.OK);
        assertThat(stage.text("a.py")).isEqualTo("1\r\n2\r\n2.5\r\nthree\r\n");
        edit("three", "3\n4");
        assertThat(stage.text("a.py")).isEqualTo("1\r\n2\r\n2.5\r\n3\r\n4\r\n");
        edit("3\r\n4", "5\r\n6");
        assertThat(stage.text("a.py")).isEqualTo("1\r\n2\r\n2.5\r\n5\r\n6\r\n");
    }

    @Test
    void mixedLineEndingsStayWhereTheyAre() {
        stage.file("a.py", "a\r\nb\nc\r\nd\n");
        assertThat(edit("b\nc", "B\nC").status()).isEqualTo(ToolStatus.OK);
        assertThat(stage.text("a.py")).isEqualTo("a\r\nB\nC\r\nd\n");
        editAll("\n", "\n\n");
        assertThat(stage.text("a.py")).isEqualTo("a\r\n\r\nB\n\nC\r\n\r\nd\n\n");
    }

    @Test
    void textWithoutWindowsLineEndingsIsTakenExactly() {
        stage.file("a.py", "a\rb\n");
        edit("b\n", "b\r\n");
        assertThat(stage.text("a.py")).isEqualTo("a\rb\r\n");
    }

    @Test
    void theByteOrderMarkStays() {
        stage.file("a.py", "\ufeffone\ntwo\n");
        assertThat(edit("one", "1").status()).isEqualTo(ToolStatus.OK);
        assertThat(stage.text("a.py")).isEqualTo("\ufeff1\ntwo\n");
    }

    @Test
    void anyCharacterCanBeEdited() {
        stage.file("a.py", "naïve 漢字 😀 end\n");
        edit("漢字 😀", "$1 \\ 🎉");
        assertThat(stage.text("a.py")).isEqualTo("naïve $1 \\ 🎉 end\n");
    }

    @Test
    void aPassageThatDiffersInWhiteSpaceIsShown() {
        stage.file("a.py", "def f():\n\treturn  1\n");
        ToolResult result = edit("def f():\n    return 1", "x");
        assertThat(result.text())
                .contains("Only white space differs", "line 1", "def f():\n\treturn  1");
    }

    @Test
    void aPassageWhoseFirstLineIsThereIsPlaced() {
        stage.file("a.py", "x\ndef f():\n    return 1\n");
        assertThat(edit("def f():\n    return 2", "x").text())
                .contains("first line is at line 2", "read there again");
    }

    @Test
    void lineNumbersOfReadAreRecognised() {
        stage.file("a.py", "one\ntwo\n");
        assertThat(edit("     1\tone\n     2\ttwo", "x").text()).contains("line numbers");
    }

    @Test
    void aPassageThatIsNowhereIsNotThere() {
        stage.file("a.py", "one\n");
        assertThat(edit("zwei", "x").text())
                .startsWith("old_string is not in /workspace/a.py")
                .contains("Read the file again");
    }

    @Test
    void refusesWhatCannotBeMeant() {
        stage.file("a.py", "one\n");
        assertThat(edit("", "x").text()).contains("old_string is empty");
        assertThat(edit("one", "one").text()).contains("are the same");
    }

    @Test
    void refusesWhatIsNotText() {
        stage.file("a.py", new byte[] {'a', 0, 'b'});
        assertThat(edit("a", "b").text()).contains("NUL");
        stage.file("a.py", new byte[] {'a', (byte) 0xe9, 'b'});
        assertThat(edit("a", "b").text()).contains("not UTF-8");
        stage.file("a.py", new byte[EditTool.FILE_BYTES_MAX + 1]);
        assertThat(edit("a", "b").text()).contains("larger than 4096 KiB");
    }

    @Test
    void aMissingFileIsAnError() {
        assertThat(edit("a", "b").text()).contains("there is no /workspace/a.py");
    }

    @Test
    void theDifferenceOfALargeChangeIsBounded() {
        stage.file("a.py", "x\n".repeat(1_500));
        ToolResult result = editAll("x", "yyyyyyyyyyyyyyyyyyyy");
        assertThat(result.text())
                .startsWith("edited /workspace/a.py (+1500 −1500)")
                .contains("more lines of difference")
                .endsWith("```")
                .hasSizeLessThan(Difference.CHARS_MAX + 200);
    }

    @Test
    void theDifferenceInAHugeFileIsQuick() {
        stage.file("a.py", "x\n".repeat(100_000) + "end\n");
        assertThat(edit("end", "END").text()).contains("(+1 −1)", "@@ -99998,4 +99998,4 @@");
        assertThat(editAll("x", "y").text())
                .contains("(+100000 −100000)", "more lines of difference")
                .hasSizeLessThan(Difference.CHARS_MAX + 200);
    }

    @Test
    void changesFarApartAreShownEach() {
        stage.file("a.py", "x\n" + "same\n".repeat(100) + "x\n");
        assertThat(editAll("x", "y").text())
                .contains("(+2 −2)", "@@ -1,4 +1,4 @@\n-x\n+y\n", "@@ -99,4 +99,4 @@");
    }
}
