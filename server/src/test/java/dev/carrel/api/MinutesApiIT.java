package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.cli.RealServer;
import dev.carrel.client.CarrelClient;
import dev.carrel.wire.BudgetLimits;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.SessionRequest;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A command that works for longer than its turn may, in a real sandbox.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class MinutesApiIT {
    private static final String AGENTS = "[{\"name\": \"sleeper\", \"model\": \"script/any\"}]";
    private static final String SCRIPT =
            """
            conversations:
              - when: "sleep"
                steps:
                  - calls:
                      - {name: bash, arguments: {command: "sleep 3600 & sleep 3601", timeout_seconds: 600}}
                      - {name: bash, arguments: {command: "touch /workspace/later"}}
            """;

    @Test
    void itIsKilledWithAllThatItStartedAndNothingElseIsRun(@TempDir Path folder) throws Exception {
        Path script = Files.writeString(folder.resolve("script.yaml"), SCRIPT);
        Path agents = Files.createDirectories(folder.resolve(".carrel"));
        Files.writeString(agents.resolve("agents.json"), AGENTS);
        try (var server =
                RealServer.start("providers: {script: {kind: scripted, script: " + script + "}}")) {
            server.deploy(agents);
            CarrelClient client = server.client();
            String session = client.sessions().create(SessionRequest.of("sleeper")).id();
            var minutes =
                    new BudgetLimits(
                            Optional.empty(),
                            Optional.empty(),
                            Optional.of(new BigDecimal("0.05")),
                            Optional.empty());
            List<JsonNode> turn =
                    TurnEvents.of(client, session, MessageRequest.of("sleep").within(minutes));

            assertThat(turn.getLast().path("stop_reason").asText()).isEqualTo("budget");
            assertThat(turn.getLast().at("/error/budget/unit").asText()).isEqualTo("minutes");
            List<JsonNode> results = TurnEvents.ofType(turn, "tool.completed");
            assertThat(results)
                    .extracting(result -> result.path("status").asText())
                    .containsExactly("interrupted", "interrupted");
            assertThat(results)
                    .extracting(result -> result.path("result").asText())
                    .allMatch(text -> text.contains("the minutes of its budget were over"));
            String sandbox = client.sessions().get(session).sandbox().orElseThrow();
            String left =
                    client.sandboxes()
                            .execute(
                                    sandbox,
                                    ExecuteRequest.of(
                                            Command.line(
                                                    "cat /proc/[0-9]*/cmdline | tr '\\0' ' ';"
                                                            + " ls /workspace")))
                            .stdout();
            assertThat(left).doesNotContain("sleep 360").doesNotContain("later");
            client.sessions().delete(session);
        }
    }
}
