package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryToolsTest {
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

    private String text(String tool, Object... arguments) {
        ToolResult result = stage.call(tool, arguments);
        assertThat(result.status()).isEqualTo(ToolStatus.OK);
        return result.text();
    }

    @Test
    void whatWasNotedIsShownWithItsVersion() {
        assertThat(text("memory_get", "scope", "agent"))
                .isEqualTo("there is no agent memory yet (version 0)");
        assertThat(text("memory_append", "scope", "agent", "text", "Tests need root."))
                .isEqualTo("added to agent memory: it is at version 1 now, 17 of 32768 bytes");
        assertThat(text("memory_save", "scope", "agent", "version", 1, "text", "Root!"))
                .isEqualTo("saved agent memory: it is at version 2 now, 5 of 32768 bytes");
        assertThat(text("memory_get", "scope", "agent"))
                .isEqualTo("agent memory, version 2:\nRoot!");
    }

    @Test
    void aSaveOverAChangeOfAnotherIsRefused() {
        stage.call("memory_append", "scope", "user", "text", "a");
        assertThatThrownBy(
                        () -> stage.call("memory_save", "scope", "user", "version", 0, "text", "b"))
                .hasMessageContaining("version 1");
    }

    @Test
    void linesWithAllWordsAreFound() {
        stage.call("memory_append", "scope", "project", "text", "Deploy on Monday\nnever Friday");
        stage.call("memory_append", "scope", "user", "text", "likes monday deploys");
        assertThat(text("memory_search", "query", " monday DEPLOY "))
                .isEqualTo("project:1:Deploy on Monday\nuser:1:likes monday deploys\n");
        assertThat(text("memory_search", "query", "tuesday")).isEqualTo("no line matches");
        assertThat(stage.call("memory_search", "query", " ").status()).isEqualTo(ToolStatus.ERROR);
    }

    @Test
    void hitsAreBounded() {
        stage.call("memory_append", "scope", "project", "text", "a\n".repeat(500));
        String hits = text("memory_search", "query", "a");
        assertThat(hits.lines()).hasSize(MemoryTools.LINES_MAX + 1);
        assertThat(hits).endsWith("[there are more: use more words]");
    }

    @Test
    void nothingIsNotAdded() {
        assertThat(stage.call("memory_append", "scope", "agent", "text", " \n").status())
                .isEqualTo(ToolStatus.ERROR);
        assertThat(stage.memory.get(MemoryScope.AGENT).version()).isZero();
    }
}
