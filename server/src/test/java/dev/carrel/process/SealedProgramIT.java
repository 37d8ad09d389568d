package dev.carrel.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SealedProgramIT {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Test
    void aCopyRunsAndCannotBeChanged() throws IOException {
        try (var shell = SealedProgram.of(Path.of("/bin/sh"))) {
            List<String> line = List.of(shell.path().toString(), "-c", "exit 3");
            assertThat(Spawn.run(line, Map.of(), PATIENCE)).isEqualTo(3);
            assertThatThrownBy(() ->
                            Files.write(shell.path(), new byte[] {1}, StandardOpenOption.WRITE))
                    .isInstanceOf(IOException.class);
            assertThat(Files.readAllBytes(shell.path()))
                    .isEqualTo(Files.readAllBytes(Path.of("/bin/sh")));
        }
    }
}
