package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs the examples of README.md that say that they are tested, as a reader would.
class ReadmeIT {
    private static final Pattern EXAMPLE =
            Pattern.compile("<!-- tested: (\\w+) -->\\n```\\w+\\n(.*?)```", Pattern.DOTALL);
    private static final long MINUTES_MAX = 2;

    @TempDir static Path folder;
    private static LocalServer server;

    @BeforeAll
    static void serveAnAgentThatSaysHello() throws IOException {
        Path home = Files.createDirectory(folder.resolve("home"));
        Path script =
                Files.writeString(
                        folder.resolve("hello.yaml"),
                        """
                        conversations:
                          - steps:
                              - calls: [{name: bash, arguments: {command: "echo hello"}}]
                              - expect: ["hello"]
                                text: Hello from the sandbox.
                        """);
        Files.writeString(
                home.resolve("carrel.yaml"),
                "providers: {script: {kind: scripted, script: " + script + "}}");
        Path agents = Files.createDirectories(folder.resolve(".carrel"));
        Files.writeString(
                agents.resolve("agents.json"),
                "[{\"name\": \"coder\", \"model\": \"script/hello\"}]");
        server = LocalServer.start(home, Map.of());
        new CarrelClient(URI.create(server.url()), server.key())
                .deploy(new AgentsFolder(agents).pack());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void shellExamplesWork() throws Exception {
        List<String> examples = examples("sh");
        assertThat(examples).hasSize(2);
        assertThat(run("sh", "-euc", examples.get(0))).contains("Hello from the sandbox.");
        assertThat(run("sh", "-euc", examples.get(1)))
                .contains("hello from /workspace/hello.py")
                .contains("\"exit_code\":0");
    }

    @Test
    void theOpenAiExampleWorks() throws Exception {
        List<String> examples = examples("java");
        assertThat(examples).hasSize(1);
        Path source = Files.writeString(folder.resolve("Example.java"), examples.getFirst());
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = System.getProperty("java.class.path");
        assertThat(run(java, "-cp", classPath, source.toString()))
                .contains("Hello from the sandbox.");
    }

    private static List<String> examples(String kind) throws IOException {
        String readme = Files.readString(Path.of("../README.md"));
        return EXAMPLE.matcher(readme)
                .results()
                .filter(example -> example.group(1).equals(kind))
                .map((MatchResult example) -> example.group(2))
                .toList();
    }

    /// What the program writes, on both streams. Fails if it fails.
    private static String run(String... command) throws Exception {
        Path output = Files.createTempFile(folder, "example", ".out");
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.redirectOutput(output.toFile());
        builder.environment().put("CARREL_URL", server.url());
        builder.environment().put("CARREL_API_KEY", server.key());
        Process process = builder.start();
        process.getOutputStream().close();
        boolean ended = process.waitFor(MINUTES_MAX, TimeUnit.MINUTES);
        process.destroyForcibly();
        String text = Files.readString(output, StandardCharsets.UTF_8);
        assertThat(ended && process.exitValue() == 0).as(text).isTrue();
        return text;
    }
}
