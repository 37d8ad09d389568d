package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadToolTest {
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

    private static String lines(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(i -> "line " + i + "\n")
                .collect(Collectors.joining());
    }

    @Test
    void numbersLines() {
        stage.file("a.txt", "one\n\ttwo\n\nlast");
        ToolResult result = stage.call("read", "path", "a.txt");
        assertThat(result)
                .isEqualTo(ToolResult.ok("     1\tone\n     2\t\ttwo\n     3\t\n     4\tlast\n"));
    }

    @Test
    void absoluteAndRelativePathsMeanTheSame() {
        stage.file("sub/a.txt", "x");
        assertThat(stage.call("read", "path", "./sub//a.txt"))
                .isEqualTo(stage.call("read", "path", "/workspace/sub/a.txt"));
    }

    @Test
    void showsAPartAndSaysHowToGoOn() {
        stage.file("a.txt", lines(1, 10));
        assertThat(stage.call("read", "path", "a.txt", "offset", 4, "limit", 2).text())
                .isEqualTo(
                        "     4\tline 4\n     5\tline 5\n"
                                + "[more lines follow: go on with offset 6]\n");
        assertThat(stage.call("read", "path", "a.txt", "offset", 9, "limit", 2).text())
                .isEqualTo("     9\tline 9\n    10\tline 10\n");
    }

    @Test
    void anOffsetBeyondTheEndIsAnError() {
        stage.file("a.txt", lines(1, 10));
        assertThat(stage.call("read", "path", "a.txt", "offset", 11))
                .isEqualTo(ToolResult.error("/workspace/a.txt has only 10 lines"));
    }

    @Test
    void anEmptyFileIsNoError() {
        stage.file("a.txt", "");
        assertThat(stage.call("read", "path", "a.txt"))
                .isEqualTo(ToolResult.ok("(/workspace/a.txt is empty)"));
    }

    @Test
    void manyLinesAreCutAtTheLimits() {
        stage.file("a.txt", lines(1, 100_000));
        String text = stage.call("read", "path", "a.txt").text();
        assertThat(text).contains("  2000\tline 2000\n").doesNotContain("line 2001");
        assertThat(text).endsWith("[more lines follow: go on with offset 2001]\n");
        stage.file("b.txt", (("x".repeat(1_000)) + "\n").repeat(200));
        assertThat(stage.call("read", "path", "b.txt").text())
                .hasSizeLessThan(ReadTool.CHARS_MAX + 100)
                .endsWith("[more lines follow: go on with offset 50]\n");
    }

    @Test
    void aLongLineIsCut() {
        stage.file("a.txt", "x".repeat(3_000_000) + "\nnext\n");
        assertThat(stage.call("read", "path", "a.txt").text())
                .hasSizeLessThan(3_000)
                .contains("… [2998000 more characters in this line]\n     2\tnext\n");
    }

    @Test
    void hidesCarriageReturnsAndByteOrderMarks() {
        stage.file("a.txt", "\ufeffone\r\ntwo\r\n");
        assertThat(stage.call("read", "path", "a.txt").text())
                .isEqualTo("     1\tone\n     2\ttwo\n");
    }

    @Test
    void charactersOfSeveralBytesAcrossBuffersStayWhole() {
        String text = "é漢😀".repeat(600);
        stage.file("a.txt", (text + "\n").repeat(20));
        assertThat(stage.call("read", "path", "a.txt", "limit", 1).text())
                .doesNotContain("\ufffd")
                .contains("漢😀é");
    }

    @Test
    void refusesBinaryFiles() {
        stage.file("a.bin", new byte[] {'E', 'L', 'F', 0, 1});
        assertThat(stage.call("read", "path", "a.bin").status()).isEqualTo(ToolStatus.ERROR);
        assertThat(stage.call("read", "path", "a.bin").text()).contains("binary file");
    }

    @Test
    void bytesThatAreNotUtf8AreShownAsSuch() {
        stage.file("a.txt", "caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(stage.call("read", "path", "a.txt").text()).isEqualTo("     1\tcaf\ufffd\n");
    }

    @Test
    void aMissingFileNamesTheNearest() {
        stage.file("src/money.py", "");
        assertThat(stage.call("read", "path", "src/mony.py"))
                .isEqualTo(
                        ToolResult.error(
                                "there is no /workspace/src/mony.py; did you mean src/money.py?"
                                        + " (list and glob show what there is)"));
        assertThat(stage.call("read", "path", "no/such/file").text()).contains("there is no");
    }

    @Test
    void aDirectoryIsForList() {
        stage.files().makeDirectory("/workspace/src");
        assertThat(stage.call("read", "path", "src").text()).contains("list shows directories");
    }

    @Test
    void pathsCannotLeaveTheSandbox() {
        assertThat(stage.call("read", "path", "../../../../../../etc/hostname").status())
                .isEqualTo(ToolStatus.ERROR);
    }
}
