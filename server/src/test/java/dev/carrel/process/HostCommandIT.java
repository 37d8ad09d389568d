package dev.carrel.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostCommandIT {
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    @TempDir Path folder;

    private static HostCommand shell(String line) {
        return HostCommand.of("sh", "-c", line);
    }

    @Test
    void outputInputExitCodeAndEnvironmentGoThrough() throws IOException {
        var result =
                shell("cat; echo \"$GREETING\" >&2; exit 3")
                        .withStdin("from stdin")
                        .withEnv(Map.of("GREETING", "hällo"))
                        .run();
        assertThat(result.out()).isEqualTo("from stdin");
        assertThat(result.err()).isEqualTo("hällo\n");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThatThrownBy(result::orFail)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("ended with 3: hällo");
    }

    @Test
    void theEnvironmentOfTheServerIsNotPassedOn() throws IOException {
        String out = HostCommand.of("env").run().orFail().out();
        assertThat(out.lines().map(line -> line.substring(0, line.indexOf('='))))
                .contains("PATH", "LC_ALL")
                .doesNotContain("JAVA_HOME", "PWD", "USER");
    }

    @Test
    void outputBeyondTheLimitIsReadAndDropped() throws IOException {
        var command =
                new HostCommand(
                        List.of("sh", "-c", "head -c 5000000 /dev/zero; echo end >&2"),
                        Map.of(),
                        "",
                        DEADLINE,
                        1000);
        var result = command.run().orFail();
        assertThat(result.out()).hasSize(1000);
        assertThat(result.err()).isEqualTo("end\n");
    }

    @Test
    void linesArriveWhileItRuns() throws IOException {
        Path go = folder.resolve("go");
        var lines = new ArrayList<String>();
        var result =
                HostCommand.of(
                                "sh",
                                "-c",
                                "echo one; printf '50%%\\r60%%\\r'; "
                                        + "until [ -e \"$0\" ]; do sleep 0.01; done; printf last",
                                go.toString())
                        .run(line -> {
                            lines.add(line);
                            if (line.equals("60%")) {
                                touch(go);
                            }
                        });
        result.orFail();
        assertThat(lines).containsExactly("one", "50%", "60%", "last");
    }

    private static void touch(Path file) {
        try {
            Files.createFile(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aTimeoutKillsTheWholeTree() throws IOException {
        Path pids = folder.resolve("pids");
        var command =
                HostCommand.of(
                                "sh",
                                "-c",
                                "(sleep 100 & echo $! >> \"$0\"; wait) & "
                                        + "setsid sleep 100 & echo $! >> \"$0\"; wait",
                                pids.toString())
                        .withTimeout(Duration.ofMillis(500));
        assertThatThrownBy(command::run).hasMessageContaining("did not end within");
        List<String> started = Files.readAllLines(pids);
        assertThat(started).hasSize(2);
        started.forEach(HostCommandIT::awaitDeath);
    }

    @Test
    void anInterruptKillsItAndIsKept() throws Exception {
        Path pid = folder.resolve("pid");
        var failure = new AtomicReference<Exception>();
        var caller =
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                HostCommand.of(
                                                "sh",
                                                "-c",
                                                "echo $$ > \"$0.new\"; "
                                                        + "mv \"$0.new\" \"$0\"; "
                                                        + "sleep 100",
                                                pid.toString())
                                        .run();
                            } catch (Exception e) {
                                assertThat(Thread.currentThread().isInterrupted()).isTrue();
                                failure.set(e);
                            }
                        });
        await(() -> Files.exists(pid));
        caller.interrupt();
        assertThat(caller.join(DEADLINE)).isTrue();
        assertThat(failure.get()).isInstanceOf(InterruptedIOException.class);
        awaitDeath(Files.readString(pid).strip());
    }

    @Test
    void aBackgroundProcessThatHoldsThePipesIsNotWaitedFor() throws Exception {
        Instant start = Instant.now();
        var result = shell("sleep 60 & echo $!").run().orFail();
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(20));
        Linux.kill(Integer.parseInt(result.out().strip()), 9);
    }

    @Test
    void aMissingProgramIsNamed() {
        assertThatThrownBy(() -> HostCommand.of("no-such-program-here", "x").run())
                .isInstanceOf(IOException.class)
                .hasMessage("no-such-program-here is not installed");
        assertThat(HostCommand.find("mount")).isPresent();
    }

    private static void awaitDeath(String pid) {
        await(() -> ProcessHandle.of(Long.parseLong(pid)).filter(ProcessHandle::isAlive).isEmpty());
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        Instant end = Instant.now().plus(DEADLINE);
        while (!condition.getAsBoolean()) {
            assertThat(Instant.now()).isBefore(end);
            Thread.onSpinWait();
        }
    }
}
