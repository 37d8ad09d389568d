package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The demo, as a user starts it, with the scripted model.
class DemoIT {
    private static final long MINUTES_MAX = 3;

    @TempDir Path folder;

    @Test
    void theAgentRepairsTheExample() throws Exception {
        Process demo = start(Path.of("..").toAbsolutePath().normalize(), "--json");
        assertThat(demo.exitValue()).as(output()).isZero();
        var types = new ArrayList<String>();
        JsonNode last = null;
        for (String line : output().lines().toList()) {
            last = new ObjectMapper().readTree(line);
            types.add(last.path("type").asText());
        }
        assertThat(types).contains("delta", "tool.started", "tool.completed", "turn.completed");
        assertThat(last.path("passed").asBoolean()).isTrue();
        assertThat(last.path("diffs").properties().stream().map(e -> e.getKey()))
                .containsExactly("invoice/money.py", "invoice/totals.py");
    }

    @Test
    void aSandboxThatAnswersDifferentlyFailsTheDemo() throws Exception {
        Path copy = copyOfExample();
        Path tests = copy.resolve("examples/invoice/tests/test_money.py");
        Files.writeString(tests, "def test_money():\n    assert False\n");
        Process demo = start(copy);
        assertThat(demo.exitValue()).isEqualTo(1);
        assertThat(output()).contains("Verdict: failed").contains("script");
    }

    private Path copyOfExample() throws Exception {
        Path copy = Files.createDirectories(folder.resolve("copy"));
        Process cp =
                new ProcessBuilder("cp", "-r", "../examples", copy.toString())
                        .redirectErrorStream(true)
                        .start();
        assertThat(cp.waitFor()).isZero();
        return copy;
    }

    private Process start(Path root, String... options) throws Exception {
        var command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-Dcarrel.root=" + root,
                                "-cp",
                                System.getProperty("java.class.path"),
                                "dev.carrel.cli.Main",
                                "demo"));
        command.addAll(List.of(options));
        var builder = new ProcessBuilder(command).redirectOutput(folder.resolve("out").toFile());
        builder.redirectError(folder.resolve("err").toFile());
        builder.environment().keySet().removeAll(List.of("ANTHROPIC_API_KEY", "OPENAI_API_KEY"));
        Process demo = builder.start();
        demo.getOutputStream().close();
        assertThat(demo.waitFor(MINUTES_MAX, TimeUnit.MINUTES)).isTrue();
        return demo;
    }

    private String output() throws Exception {
        return Files.readString(folder.resolve("out"), StandardCharsets.UTF_8);
    }
}
