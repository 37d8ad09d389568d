package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WriteToolTest {
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

    @Test
    void makesAFileAndItsDirectories() {
        assertThat(stage.call("write", "path", "a/b/c.txt", "content", "x\ny\n"))
                .isEqualTo(ToolResult.ok("created /workspace/a/b/c.txt (2 lines)"));
        assertThat(stage.text("a/b/c.txt")).isEqualTo("x\ny\n");
    }

    @Test
    void overwritesAndShowsTheDifference() {
        stage.file("a.txt", "x\ny\n");
        assertThat(stage.call("write", "path", "a.txt", "content", "x\nz\n").text())
                .startsWith("wrote /workspace/a.txt (+1 −1)\n```diff\n")
                .contains("-y\n+z\n");
        assertThat(stage.call("write", "path", "a.txt", "content", "x\nz\n").text())
                .endsWith("(no change)");
    }

    @Test
    void aLineFeedAtTheEndIsADifference() {
        stage.file("a.txt", "x\ny");
        assertThat(stage.call("write", "path", "a.txt", "content", "x\ny\n").text())
                .contains("-y\n\\ No newline at end of file\n+y\n```");
    }

    @Test
    void overwritesWhatIsNotText() {
        stage.file("a.bin", new byte[] {0, 1, 2});
        assertThat(stage.call("write", "path", "a.bin", "content", "é"))
                .isEqualTo(ToolResult.ok("wrote /workspace/a.bin (2 bytes)"));
    }

    @Test
    void writesExactlyWhatItIsGiven() {
        stage.call("write", "path", "a.txt", "content", "\ufeffa\r\n😀");
        assertThat(stage.text("a.txt")).isEqualTo("\ufeffa\r\n😀");
        assertThat(stage.call("write", "path", "empty", "content", "").text())
                .isEqualTo("created /workspace/empty (0 lines)");
    }

    @Test
    void aDirectoryCannotBeWritten() {
        stage.files().makeDirectory("/workspace/src");
        assertThatThrownBy(() -> stage.call("write", "path", "src", "content", "x"))
                .isInstanceOf(CarrelException.class)
                .hasMessageContaining("src");
    }
}
