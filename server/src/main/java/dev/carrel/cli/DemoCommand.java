package dev.carrel.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.cli.Terminal.Style;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.SessionEvent;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.FileInfo;
import dev.carrel.wire.Json;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Lets an agent repair the example project, from an empty data folder to a verdict of its own.
@Command(
        name = "demo",
        description = {
            "Run a coding agent on a real task in a real sandbox.",
            "Starts a temporary server, deploys the example project and lets its agent repair it.",
            "Uses Anthropic or OpenAI if their API key is set, else a scripted model whose tool",
            "calls really run. The exit code is the verdict of a test run of the demo's own."
        },
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    private static final String WORKSPACE = "/workspace";
    private static final String TASK =
            "The tests of the Python project in /workspace fail. Repair the code, not the tests.";
    private static final String TESTS = "python3 -m pytest -q -p no:cacheprovider";

    /// What the agent did: its last entry, and how long it took.
    private record Outcome(JsonNode completed, int toolCalls, Duration duration) {}

    @Mixin private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() throws IOException {
        Terminal terminal = output.terminal();
        Path example = Path.of(System.getProperty("carrel.root", ".")).resolve("examples/invoice");
        ProjectFiles project = ProjectFiles.of(example);
        Optional<String> model = DefaultModel.reachable(System.getenv());
        if (!output.json()) {
            introduce(terminal, model);
        }
        try (var folder = TemporaryFolder.make("carrel-demo")) {
            configure(folder.path(), example, model);
            try (LocalServer server = LocalServer.start(folder.path(), Map.of())) {
                var client = new CarrelClient(URI.create(server.url()), server.key());
                return run(client, terminal, project, folder.path());
            }
        }
    }

    private static void introduce(Terminal terminal, Optional<String> model) {
        terminal.line(Style.STRONG, "Carrel demo: an agent repairs a Python project in a sandbox");
        terminal.line(
                Style.DIM,
                model.map(name -> "Model: " + name)
                        .orElse(
                                "Model: scripted. It replays what a model would say; every tool"
                                        + " call really runs. Set ANTHROPIC_API_KEY or"
                                        + " OPENAI_API_KEY for a live one."));
        terminal.line(Style.DIM, "Task:  " + TASK);
        terminal.line("");
    }

    /// Writes the server's configuration, and a copy of the agents with the model to use.
    private static void configure(Path folder, Path example, Optional<String> model)
            throws IOException {
        Path agents = Files.createDirectories(folder.resolve("project").resolve(AgentsFolder.NAME));
        AgentsFolder.copy(example.resolve(AgentsFolder.NAME), agents);
        if (model.isEmpty()) {
            ObjectNode config = Json.lenient().createObjectNode();
            config.putObject("providers")
                    .putObject("scripted")
                    .put("kind", "scripted")
                    .put("script", example.resolve(".carrel/demo.yaml").toString());
            Files.writeString(folder.resolve("carrel.yaml"), config.toString()); // JSON is YAML
        } else {
            Path file = agents.resolve("agents.json");
            ArrayNode list = (ArrayNode) Json.lenient().readTree(Files.readString(file));
            list.forEach(agent -> ((ObjectNode) agent).put("model", model.get()));
            Files.writeString(file, list.toPrettyString());
        }
    }

    private int run(CarrelClient client, Terminal terminal, ProjectFiles project, Path folder)
            throws IOException {
        client.deploy(AgentsFolder.find(folder.resolve("project")).pack());
        String sandbox = client.sandboxes().create(SandboxRequest.defaults()).id();
        for (Map.Entry<String, String> file : project.byPath().entrySet()) {
            client.sandboxes()
                    .writeFile(
                            sandbox,
                            WORKSPACE + "/" + file.getKey(),
                            file.getValue().getBytes(StandardCharsets.UTF_8));
        }
        Outcome outcome = work(client, terminal, sandbox);
        Map<String, List<String>> diffs = project.diff(read(client, sandbox));
        ExecutionInfo verdict =
                client.sandboxes()
                        .execute(
                                sandbox,
                                ExecuteRequest.of(dev.carrel.wire.Command.line(TESTS))
                                        .in(WORKSPACE));
        boolean passed =
                verdict.exitCode().equals(Optional.of(0))
                        && outcome.completed().path("stop_reason").asText().equals("end")
                        && diffs.keySet().stream().noneMatch(path -> path.startsWith("tests/"));
        if (output.json()) {
            output.print(summary(outcome, diffs, verdict, passed), "");
        } else {
            show(terminal, outcome, diffs, verdict, passed);
        }
        return passed ? 0 : 1;
    }

    private Outcome work(CarrelClient client, Terminal terminal, String sandbox) {
        var request = SessionRequest.of("coder").withSandbox(sandbox);
        String session = client.sessions().create(request).id();
        var printer = new TurnPrinter(terminal);
        int[] toolCalls = {0};
        long started = System.nanoTime();
        SessionEvent completed =
                Turns.run(
                        client,
                        session,
                        MessageRequest.of(TASK),
                        event -> {
                            toolCalls[0] += event.type().equals("tool.completed") ? 1 : 0;
                            if (output.json()) {
                                output.print(event.json(), "");
                            } else {
                                printer.show(event.json());
                            }
                        });
        Duration duration = Duration.ofNanos(System.nanoTime() - started);
        return new Outcome(completed.json(), toolCalls[0], duration);
    }

    private static ProjectFiles read(CarrelClient client, String sandbox) throws IOException {
        var files = new TreeMap<String, String>();
        for (FileInfo file : client.sandboxes().listFiles(sandbox, WORKSPACE, true).data()) {
            String path = file.path().substring(WORKSPACE.length() + 1);
            if (file.type().equals("file") && ProjectFiles.isSource(path)) {
                try (InputStream content = client.sandboxes().readFile(sandbox, file.path())) {
                    files.put(path, new String(content.readAllBytes(), StandardCharsets.UTF_8));
                }
            }
        }
        return new ProjectFiles(files);
    }

    private static Map<String, Object> summary(
            Outcome outcome,
            Map<String, List<String>> diffs,
            ExecutionInfo verdict,
            boolean passed) {
        return Map.of(
                "type",
                "demo.summary",
                "steps",
                outcome.completed().path("steps").asInt(),
                "tool_calls",
                outcome.toolCalls(),
                "seconds",
                outcome.duration().toMillis() / 1000.0,
                "diffs",
                diffs,
                "test_output",
                verdict.stdout(),
                "passed",
                passed);
    }

    private static void show(
            Terminal terminal,
            Outcome outcome,
            Map<String, List<String>> diffs,
            ExecutionInfo verdict,
            boolean passed) {
        terminal.line("");
        terminal.line(
                Style.STRONG,
                "%d steps, %d tool calls, %.1f s; %d files changed"
                        .formatted(
                                outcome.completed().path("steps").asInt(),
                                outcome.toolCalls(),
                                outcome.duration().toMillis() / 1000.0,
                                diffs.size()));
        var printer = new TurnPrinter(terminal);
        diffs.values().forEach(lines -> lines.forEach(printer::diffLine));
        terminal.line("");
        terminal.line("The demo's own test run: " + lastLine(verdict.stdout() + verdict.stderr()));
        terminal.line(
                passed ? Style.GOOD : Style.BAD, passed ? "Verdict: passed" : "Verdict: failed");
    }

    private static String lastLine(String text) {
        return text.lines().reduce((first, second) -> second).orElse("(no output)");
    }
}
