package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.CarrelException;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Turns that are too long for their models, on a real server with real sandboxes.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LongConversationIT {
    private static final int STEPS = 24;
    private static final String SUMMARY = "# Task\\nWrite the log.\\n# Next steps\\nGo on.";
    private static final String THOUGHT = "I think of what to do next. ".repeat(50);
    private static final String ALL_LINES =
            String.join("\n", IntStream.rangeClosed(1, STEPS).mapToObj(n -> "line " + n).toList());

    private Path folder;
    private RealServer server;
    private CarrelClient client;

    @BeforeAll
    void start(@TempDir Path temporary) throws IOException {
        folder = temporary;
        String config =
                """
                providers:
                  small: {kind: scripted, script: %s}
                  strict: {kind: scripted, script: %s}
                  slow: {kind: scripted, script: %s}
                context_windows: {small/*: 8000, slow/*: 8000}
                """
                        .formatted(
                                script(folder, "small", 0, 0),
                                script(folder, "strict", 6_000, 0),
                                script(folder, "slow", 0, 60_000));
        server = RealServer.start(config);
        client = server.client();
        Path agents = Files.createDirectories(folder.resolve("project/.carrel"));
        Files.writeString(
                agents.resolve("agents.json"),
                """
                [{"name": "small", "model": "small/x"}, {"name": "strict", "model": "strict/x"},
                 {"name": "slow", "model": "slow/x"}]
                """);
        client.deploy(new AgentsFolder(agents).pack());
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    private static Path script(Path folder, String name, int contextTokens, int summaryDelayMs)
            throws IOException {
        var text = new StringBuilder();
        if (contextTokens > 0) {
            text.append("context_tokens: ").append(contextTokens).append('\n');
        }
        text.append(
                """
                conversations:
                  - when: "will be replaced by a summary"
                    steps: [{text: "%s", delay_ms: %d}]
                  - when: "flood"
                    steps:
                      - calls: [{name: bash, arguments: {command: "seq 200000; echo end >&2"}}]
                      - text: "That was much."
                  - when: "and now"
                    steps: [{text: "Still here."}]
                  - when: "work"
                    steps:
                """
                        .formatted(SUMMARY, summaryDelayMs));
        for (int step = 1; step <= STEPS; step++) {
            String command = "echo line " + step + " >> log; seq 1200";
            text.append("      - text: \"").append(THOUGHT).append("\"\n");
            text.append("        calls: [{name: bash, arguments: {command: \"")
                    .append(command)
                    .append("\"}}]\n");
        }
        text.append("      - {expect: [\"1200\"], text: \"All done.\"}\n");
        return Files.writeString(folder.resolve(name + ".yaml"), text);
    }

    private String session(String agent) {
        return client.sessions().create(SessionRequest.of(agent)).id();
    }

    private List<JsonNode> readUntil(String session, Predicate<JsonNode> end) {
        var events = new ArrayList<JsonNode>();
        try (EventFeed feed = client.sessions().follow(session, 0)) {
            while (feed.hasNext()) {
                SessionEvent event = feed.next();
                if (event.seq().isPresent()) {
                    events.add(event.json());
                    if (end.test(event.json())) {
                        return events;
                    }
                }
            }
        }
        throw new AssertionError("the feed ended after " + events);
    }

    /// The entries of a session, once as many of its turns are over.
    private List<JsonNode> awaitEnd(String session, int turns) {
        var ended = new int[1];
        return readUntil(
                session,
                event ->
                        event.path("type").asText().equals("turn.completed")
                                && ++ended[0] == turns);
    }

    private static List<JsonNode> compactions(List<JsonNode> events) {
        return ofType(events, "compaction");
    }

    private static List<JsonNode> ofType(List<JsonNode> events, String type) {
        return events.stream().filter(event -> event.path("type").asText().equals(type)).toList();
    }

    private static String stopReason(List<JsonNode> events) {
        return events.getLast().path("stop_reason").asText();
    }

    private String file(String session, String path) throws IOException {
        String sandbox = client.sessions().get(session).sandbox().orElseThrow();
        try (InputStream in = client.sandboxes().readFile(sandbox, path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aLongTurnGoesToItsEndOverAKilledServer() throws Exception {
        String session = session("small");
        client.sessions().send(session, "work");
        readUntil(session, event -> event.path("type").asText().equals("compaction"));
        server.kill();
        server.revive();
        client = server.client();
        List<JsonNode> events = awaitEnd(session, 1);
        assertThat(stopReason(events)).isEqualTo("end");
        assertThat(compactions(events))
                .extracting(e -> e.path("kind").asText())
                .contains("summary");
        assertThat(compactions(events))
                .allSatisfy(event ->
                        assertThat(event.path("tokens_after").asLong())
                                .isLessThan(event.path("tokens_before").asLong()));
        assertThat(ofType(events, "message.assistant")).hasSize(STEPS + 1);
        assertThat(file(session, "/workspace/log").strip()).isEqualTo(ALL_LINES);

        client.sessions().send(session, "and now");
        events = awaitEnd(session, 2);
        assertThat(stopReason(events)).isEqualTo("end");
        long counted =
                events.stream()
                        .filter(event -> !event.path("type").asText().equals("turn.completed"))
                        .mapToLong(event -> event.path("usage").path("input_tokens").asLong())
                        .sum();
        assertThat(client.sessions().get(session).usage().inputTokens()).isEqualTo(counted);
        assertThat(client.sessions().get(session).usage().cacheHitRate()).contains(0.0);
        client.sessions().delete(session);
    }

    @Test
    void aRefusalOfTheProviderIsHandledAndRemembered() throws Exception {
        String session = session("strict");
        client.sessions().send(session, "work");
        List<JsonNode> events = awaitEnd(session, 1);
        assertThat(stopReason(events)).isEqualTo("end");
        assertThat(compactions(events).getFirst().path("limit_tokens").asLong()).isEqualTo(4_500);
        assertThat(compactions(events).stream().filter(event -> event.has("limit_tokens")))
                .hasSizeLessThan(3);
        assertThat(file(session, "/workspace/log").strip()).isEqualTo(ALL_LINES);
        client.sessions().delete(session);
    }

    @Test
    void aMessageThatDoesNotFitEndsItsTurnAndNotTheSession() {
        String session = session("small");
        client.sessions().send(session, "too much ".repeat(10_000));
        List<JsonNode> events = awaitEnd(session, 1);
        assertThat(stopReason(events)).isEqualTo("error");
        assertThat(events.getLast().path("error").path("code").asText())
                .isEqualTo("model_context_overflow");
        assertThat(client.sessions().get(session).state()).isEqualTo("failed");
        assertThat(ofType(events, "model.started")).isEmpty();
        client.sessions().delete(session);
    }

    @Test
    void aTurnCanBeCancelledWhileItIsSummedUp() {
        String undisturbed = session("small");
        client.sessions().send(undisturbed, "work");
        List<JsonNode> before =
                readUntil(undisturbed, event -> event.path("kind").asText().equals("summary"));
        client.sessions().delete(undisturbed);
        int steps = ofType(before, "tool.completed").size();

        String session = session("slow");
        client.sessions().send(session, "work");
        var done = new int[1];
        readUntil(
                session,
                event ->
                        event.path("type").asText().equals("tool.completed") && ++done[0] == steps);
        client.sessions().interrupt(session);
        List<JsonNode> events = awaitEnd(session, 1);
        assertThat(stopReason(events)).isEqualTo("interrupted");
        assertThat(ofType(events, "model.started")).hasSize(steps);
        client.sessions().delete(session);
    }

    @Test
    void theWholeOfALongOutputIsInTheSandbox() throws Exception {
        assertWholeOutputIsKept(session("strict"));
    }

    @Test
    void theWholeOfALongOutputIsInASandboxOfGvisorToo() throws Exception {
        Path agents = folder.resolve("project/.carrel/agents.json");
        String before = Files.readString(agents);
        Files.writeString(
                agents,
                before.replaceFirst(
                        "}\\s*]",
                        "}, {\"name\": \"guarded\", \"model\": \"strict/x\","
                                + " \"workspace\": {\"isolation\": \"gvisor\"}}]"));
        try {
            client.deploy(new AgentsFolder(agents.getParent()).pack());
        } catch (CarrelException e) {
            System.err.println("NOT TESTED: " + e.getMessage());
            Assumptions.assumeFalse(e.getMessage().contains("not to be had"), e.getMessage());
            throw e;
        }
        assertWholeOutputIsKept(session("guarded"));
    }

    private void assertWholeOutputIsKept(String session) throws IOException {
        client.sessions().send(session, "flood");
        String result =
                ofType(awaitEnd(session, 1), "tool.completed").getFirst().path("result").asText();
        Matcher note =
                Pattern.compile("the whole output, 200002 lines, is in (\\S+?):").matcher(result);
        assertThat(note.find()).as(result.substring(result.length() - 300)).isTrue();
        assertThat(result).hasSizeLessThan(31_000).startsWith("1\n2\n").contains("\nend\n");
        assertThat(file(session, note.group(1)).lines().skip(149_999).findFirst())
                .contains("150000");
        client.sessions().delete(session);
    }
}
