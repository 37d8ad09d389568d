package dev.carrel.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class SpawnIT {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @TempDir Path folder;

    private static int shell(String line, Duration timeout) throws IOException {
        var environment = Map.of("PATH", "/usr/bin:/bin", "GREETING", "hällo");
        return Spawn.run(List.of("/bin/sh", "-c", line), environment, timeout);
    }

    @Test
    void exitCodeAndSignalAreTold() throws IOException {
        assertThat(shell("exit 3", PATIENCE)).isEqualTo(3);
        assertThat(shell("kill -9 $$", PATIENCE)).isEqualTo(137);
    }

    @Test
    void argumentsAndEnvironmentGoThroughAndNothingElse() throws IOException {
        Path out = folder.resolve("out");
        assertThat(shell("env >'%s'".formatted(out), PATIENCE)).isZero();
        assertThat(Files.readAllLines(out))
                .contains("GREETING=hällo")
                .noneMatch(line -> line.startsWith("HOME="));
    }

    @Test
    void aProgramThatTakesTooLongIsKilledWithItsSession() throws IOException {
        Path child = folder.resolve("child");
        String line = "exec setsid sh -c 'sleep 60 & echo $! >%s; wait'".formatted(child);
        assertThatThrownBy(() -> shell(line, Duration.ofSeconds(1)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("did not end within 1 s");
        assertThat(hasEnded(Integer.parseInt(Files.readString(child).strip()))).isTrue();
    }

    private static boolean hasEnded(int process) throws IOException {
        try (PidFd handle = PidFd.open(process)) {
            return handle.awaitEnd(PATIENCE);
        } catch (LinuxException e) {
            return e.errno() == Errno.ESRCH;
        }
    }

    @Test
    void whatIsNotThereFails() {
        assertThatThrownBy(() -> Spawn.run(List.of("/nowhere/it"), Map.of(), PATIENCE))
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT))
                .hasMessageContaining("/nowhere/it");
    }
}
