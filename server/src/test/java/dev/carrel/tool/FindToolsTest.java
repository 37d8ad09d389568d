package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.model.Cancellation.CancelledException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `list`, `glob` and `grep`.
class FindToolsTest {
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

    private String list(Object... arguments) {
        return stage.call("list", arguments).text();
    }

    private String glob(Object... arguments) {
        return stage.call("glob", arguments).text();
    }

    private String grep(Object... arguments) {
        return stage.call("grep", arguments).text();
    }

    private void project() {
        stage.file("README.md", "hello\n");
        stage.file("src/a.py", "import os\nprint('Hello')\n");
        stage.file("src/deep/b.py", "x = 1\n");
        stage.file("src/c.ts", "hello();\n");
        stage.file("node_modules/lib/d.py", "hello\n");
        stage.file(".git/config", "hello\n");
    }

    // list

    @Test
    void listsOneDirectory() {
        project();
        assertThat(list())
                .isEqualTo(
                        """
                        .git/ (not shown)
                        README.md (6 bytes)
                        node_modules/ (not shown)
                        src/\
                        """);
        assertThat(list("path", "src"))
                .isEqualTo("src/a.py (25 bytes)\nsrc/c.ts (9 bytes)\nsrc/deep/");
    }

    @Test
    void listsATree() {
        project();
        assertThat(list("path", "/workspace", "recursive", true).lines())
                .containsExactly(
                        ".git/ (not shown)",
                        "README.md (6 bytes)",
                        "node_modules/ (not shown)",
                        "src/",
                        "src/a.py (25 bytes)",
                        "src/c.ts (9 bytes)",
                        "src/deep/",
                        "src/deep/b.py (6 bytes)");
    }

    @Test
    void listsWhatIsOutsideTheWorkingDirectoryByItsFullPath() {
        stage.file("/etc/app.conf", "x");
        assertThat(list("path", "/etc")).isEqualTo("/etc/app.conf (1 bytes)");
    }

    @Test
    void showsLinksAndDoesNotFollowThem() {
        stage.file("src/a.py", "");
        stage.call("bash", "command", "ln -s src link");
        assertThat(list("recursive", true)).contains("link -> src").doesNotContain("link/a.py");
    }

    @Test
    void aListIsBounded() {
        for (int i = 0; i < ListTool.ENTRIES_MAX + 5; i++) {
            stage.file("f" + i, "");
        }
        for (Object[] arguments : new Object[][] {{}, {"recursive", true}}) {
            assertThat(list(arguments).lines())
                    .hasSize(ListTool.ENTRIES_MAX + 1)
                    .last()
                    .asString()
                    .startsWith("[there is more");
        }
    }

    @Test
    void emptyAndMissingAndFilesAreToldApart() {
        stage.file("src/a.py", "");
        stage.files().makeDirectory("/workspace/none");
        assertThat(list("path", "none")).isEqualTo("(/workspace/none is empty)");
        assertThat(list("path", "sr")).contains("there is no /workspace/sr", "did you mean src?");
        assertThat(list("path", "src/a.py")).contains("read shows files");
    }

    // glob

    @Test
    void findsFilesByName() {
        project();
        assertThat(glob("pattern", "**/*.py")).isEqualTo("src/a.py\nsrc/deep/b.py");
        assertThat(glob("pattern", "*.{py,ts}")).isEqualTo("src/a.py\nsrc/c.ts\nsrc/deep/b.py");
        assertThat(glob("pattern", "*.py", "path", "src/deep")).isEqualTo("src/deep/b.py");
        assertThat(glob("pattern", "/workspace/src/*.py")).isEqualTo("src/a.py");
        assertThat(glob("pattern", "/workspace/README.md")).isEqualTo("README.md");
        assertThat(glob("pattern", "*.rs")).isEqualTo("no file matches");
    }

    @Test
    void looksIntoSkippedDirectoriesOnlyWhenNamed() {
        project();
        assertThat(glob("pattern", "node_modules/**/*.py")).isEqualTo("node_modules/lib/d.py");
        assertThat(glob("pattern", "*", "path", ".git")).isEqualTo(".git/config");
    }

    @Test
    void aGlobIsBounded() {
        for (int i = 0; i < GlobTool.FILES_MAX + 1; i++) {
            stage.file("f" + i, "");
        }
        assertThat(glob("pattern", "f*").lines())
                .hasSize(GlobTool.FILES_MAX + 1)
                .last()
                .asString()
                .startsWith("[there are more");
    }

    @Test
    void anUnusablePatternIsAnError() {
        assertThat(stage.call("glob", "pattern", "{a,b}".repeat(10)).status())
                .isEqualTo(ToolStatus.ERROR);
        assertThat(glob("pattern", "*", "path", "nowhere")).contains("there is no");
    }

    @Test
    void aCancelledWalkStops() {
        project();
        stage.cancellation.cancel();
        assertThatThrownBy(() -> glob("pattern", "*")).isInstanceOf(CancelledException.class);
    }

    // grep

    @Test
    void findsLines() {
        project();
        assertThat(grep("pattern", "hello").lines())
                .containsExactlyInAnyOrder("README.md:1:hello", "src/c.ts:1:hello();");
        assertThat(grep("pattern", "hello", "ignore_case", true))
                .contains("src/a.py:2:print('Hello')");
        assertThat(grep("pattern", "\\w+\\s*=\\s*\\d", "path", "src"))
                .isEqualTo("src/deep/b.py:1:x = 1\n");
        assertThat(grep("pattern", "hello", "path", "src/c.ts")).isEqualTo("src/c.ts:1:hello();\n");
    }

    @Test
    void searchesOnlyTheFilesThatAreMeant() {
        project();
        assertThat(grep("pattern", ".", "glob", "*.ts")).isEqualTo("src/c.ts:1:hello();\n");
        assertThat(grep("pattern", ".", "glob", "src/**/b.py"))
                .isEqualTo("src/deep/b.py:1:x = 1\n");
        assertThat(grep("pattern", ".", "glob", "deep/*", "path", "src"))
                .isEqualTo("src/deep/b.py:1:x = 1\n");
        assertThat(grep("pattern", ".", "glob", "*.{py,ts}").lines()).hasSize(4);
    }

    @Test
    void takesEveryTextAsData() {
        stage.file("a b/$(touch evil).txt", "say \"hi\" `touch evil` $(touch evil) -e x\n");
        assertThat(grep("pattern", "`touch evil` \\$\\(touch", "path", "a b"))
                .startsWith("a b/$(touch evil).txt:1:say");
        assertThat(grep("pattern", "-e x", "path", "a b")).contains("say");
        assertThat(grep("pattern", "--include=*", "path", ".")).isEqualTo("no line matches");
        assertThat(grep("pattern", "x", "path", "$(touch evil)")).contains("the search failed");
        assertThat(glob("pattern", "evil")).isEqualTo("no file matches");
    }

    @Test
    void nothingFoundIsNoError() {
        project();
        assertThat(stage.call("grep", "pattern", "nowhere"))
                .isEqualTo(ToolResult.ok("no line matches"));
    }

    @Test
    void aBrokenExpressionIsAnError() {
        project();
        ToolResult result = stage.call("grep", "pattern", "(");
        assertThat(result.status()).isEqualTo(ToolStatus.ERROR);
        assertThat(result.text()).contains("the search failed");
    }

    @Test
    void refusesPatternsThatCannotBeMeant() {
        assertThat(grep("pattern", "")).contains("from 1 to 4000 characters");
        assertThat(grep("pattern", "x".repeat(5_000))).contains("from 1 to 4000 characters");
        assertThat(grep("pattern", "a\0b")).contains("NUL");
    }

    @Test
    void hitsAreBounded() {
        stage.file("a.txt", "hit\n".repeat(5_000));
        assertThat(grep("pattern", "hit").lines()).hasSize(GrepTool.LINES_DEFAULT + 1);
        assertThat(grep("pattern", "hit", "limit", 3)).endsWith("or raise limit]");
        stage.file("b.txt", ("x".repeat(1_000) + "\n").repeat(200));
        assertThat(grep("pattern", "x", "path", "b.txt", "limit", 1_000))
                .hasSizeLessThan(GrepTool.CHARS_MAX + 200)
                .contains("… [700 more characters cut]");
    }

    @Test
    void binaryFilesAreLeftOut() {
        stage.file("a.bin", new byte[] {'h', 'i', 't', '\n', 0, 1, 2});
        assertThat(grep("pattern", "hit")).isEqualTo("no line matches");
    }
}
