package dev.carrel.tool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.model.Cancellation;
import dev.carrel.model.Cancellation.CancelledException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class BashToolTest {
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

    private ToolResult bash(String command) {
        return stage.call("bash", "command", command);
    }

    @Test
    void givesOutputAndExitCode() {
        assertThat(bash("echo hi")).isEqualTo(ToolResult.ok("hi\nexit code: 0"));
        assertThat(bash("true")).isEqualTo(ToolResult.ok("exit code: 0"));
        assertThat(bash("printf hi; exit 3")).isEqualTo(ToolResult.ok("hi\nexit code: 3"));
        assertThat(bash("echo bad >&2")).isEqualTo(ToolResult.ok("bad\nexit code: 0"));
        assertThat(bash("echo good; echo bad >&2"))
                .isEqualTo(ToolResult.ok("good\n--- stderr ---\nbad\nexit code: 0"));
    }

    @Test
    void isBash() {
        assertThat(bash("[[ a == a ]] && echo ${BASH_VERSION:0:1} $0").text())
                .matches("\\d bash\nexit code: 0");
    }

    @Test
    void quotesNothingAndAddsNothing() {
        assertThat(bash("echo \"$1 $# 'x' \\\"y\\\"\" $((1+1))").text())
                .isEqualTo(" 0 'x' \"y\" 2\nexit code: 0");
    }

    @Test
    void startsInTheWorkingDirectory() {
        stage.file("here.txt", "x");
        assertThat(bash("ls").text()).isEqualTo("here.txt\nexit code: 0");
    }

    @Test
    void streamsOutput() {
        bash("echo one; echo two >&2");
        assertThat(stage.output.toString()).contains("one\n").contains("two\n");
    }

    @Test
    void longOutputIsCutInTheMiddle() {
        String text = bash("seq 100000").text();
        assertThat(text)
                .startsWith("1\n2\n")
                .contains("characters cut in the middle")
                .contains("99999\n100000\n[the whole output, 100000 lines, is in " + kept())
                .endsWith("or grep it]\nexit code: 0")
                .hasSizeLessThan(BashTool.RESULT_CHARS_MAX + 300);
    }

    private String kept() {
        return KeptOutput.DIRECTORY + "/" + stage.execution + ".txt";
    }

    @Test
    void theWholeOfALongOutputCanBeReadByLines() {
        bash("seq 100000; echo oops >&2");
        assertThat(stage.call("read", "path", kept(), "offset", 50_000, "limit", 1).text())
                .startsWith(" 50000\t50000\n");
    }

    @Test
    void theSameCallLeavesOneFile() {
        String first = bash("seq 100000").text();
        assertThat(stage.again("bash", "command", "seq 100000").text()).isEqualTo(first);
        assertThat(stage.files().list(KeptOutput.DIRECTORY, false, 10)).hasSize(1);
    }

    @Test
    void onlyTheNewestOutputsAreKept() {
        for (int i = 0; i < KeptOutput.FILES_MAX + 5; i++) {
            stage.file(KeptOutput.DIRECTORY + "/old" + i, "x");
        }
        bash("seq 100000");
        assertThat(stage.files().list(KeptOutput.DIRECTORY, false, 100))
                .hasSize(KeptOutput.FILES_MAX)
                .anyMatch(file -> file.path().equals(kept()));
    }

    @Test
    void anOutputThatCannotBeKeptIsSaid() {
        stage.file(KeptOutput.DIRECTORY, "a file in the place of the directory");
        assertThat(bash("seq 100000").text())
                .contains("[the whole output could not be kept: ")
                .endsWith("]\nexit code: 0");
    }

    @Test
    void outputBeyondTheLimitIsDroppedAndSaid() {
        assertThat(bash("head -c 5000000 /dev/zero | tr '\\0' x").text())
                .contains("[output after the first 4194304 bytes was dropped]")
                .endsWith("exit code: 0")
                .hasSizeLessThan(BashTool.RESULT_CHARS_MAX + 400);
    }

    @Test
    void aTimeoutIsSaid() {
        ToolResult result =
                stage.call("bash", "command", "echo begun; sleep 60", "timeout_seconds", 1);
        assertThat(result.status()).isEqualTo(ToolStatus.ERROR);
        assertThat(result.text())
                .startsWith(
                        "begun\ntimed out after 1 seconds and was killed with all of its session")
                .contains("(setsid) goes on until the sandbox is stopped");
    }

    @Test
    void aSignalIsSaid() {
        assertThat(bash("kill -9 $$").text())
                .containsPattern("(killed by a signal|exit code: 137)");
    }

    @Test
    void refusesWhatCannotRun() {
        assertThat(bash(" ").status()).isEqualTo(ToolStatus.ERROR);
        assertThat(bash("a\0b").text()).contains("NUL");
        assertThat(bash("#" + "x".repeat(BashTool.COMMAND_BYTES_MAX)).text())
                .contains("write a script file");
    }

    @Test
    void theSameCallTakesTheResultOfTheFirst() {
        ToolResult first = stage.call("bash", "command", "echo x >> log; wc -l < log");
        assertThat(stage.again("bash", "command", "echo x >> log; wc -l < log")).isEqualTo(first);
        assertThat(stage.text("log")).isEqualTo("x\n");
    }

    @Test
    void cancellingKillsTheCommand() throws InterruptedException {
        var result = new AtomicReference<ToolResult>();
        Thread thread =
                Thread.ofVirtual().start(() -> result.set(bash("echo begun; sleep 60; echo no")));
        untilBegun();
        stage.cancellation.cancel();
        assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
        assertThat(result.get().status()).isEqualTo(ToolStatus.INTERRUPTED);
        assertThat(result.get().text())
                .startsWith("begun\ninterrupted: the turn was stopped")
                .contains("with all of its session")
                .contains("(setsid) goes on until the sandbox is stopped");
    }

    @Test
    void anInterruptedThreadLeavesTheCommandAlone() throws InterruptedException {
        String command = "echo begun; until [ -e go ]; do sleep 0.05; done; echo end";
        var thrown = new AtomicReference<Throwable>();
        var flag = new AtomicReference<Boolean>();
        Thread thread =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                bash(command);
                            } catch (CancelledException e) {
                                thrown.set(e);
                                flag.set(Thread.currentThread().isInterrupted());
                            }
                        });
        untilBegun();
        thread.interrupt();
        assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
        assertThat(thrown.get()).isInstanceOf(CancelledException.class);
        assertThat(flag.get()).isTrue();
        stage.file("go", "");
        stage.cancellation = new Cancellation();
        assertThat(stage.again("bash", "command", command))
                .isEqualTo(ToolResult.ok("begun\nend\nexit code: 0"));
    }

    private void untilBegun() {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!stage.output.toString().contains("begun")) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
            Thread.yield();
        }
    }
}
