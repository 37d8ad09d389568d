package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Memories of a real server: agents write them, deployments and people, too. Nothing of it needs a
/// sandbox.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class MemoryCommandsIT {
    private static final String SCRIPT =
            """
            conversations:
              - when: "learn"
                steps:
                  - calls:
                      - {name: memory_append, arguments: {scope: agent, text: "Tests need root."}}
                  - expect: ["version 2"]
                    calls:
                      - {name: memory_search, arguments: {query: "ROOT tests"}}
                  - expect: ["agent:2:Tests need root."]
                    text: "Noted."
            """;

    @TempDir Path folder;
    private RealServer server;

    private String carrel(int code, String... arguments) throws IOException {
        Shown shown = Shown.of(server, arguments);
        assertThat(shown.code()).isEqualTo(code);
        return shown.text();
    }

    private Path project(String memory) throws IOException {
        Path agents = Files.createDirectories(folder.resolve("p/.carrel/memory"));
        Files.writeString(
                agents.resolveSibling("agents.json"),
                "[{\"name\": \"a\", \"model\": \"script/x\", \"allowedTools\": [\"memory_*\"]}]");
        Files.writeString(agents.resolve("a.md"), memory);
        return folder.resolve("p");
    }

    @Test
    void agentsDeploymentsAndPeopleWriteOneMemory() throws Exception {
        Path script = Files.writeString(folder.resolve("script.yaml"), SCRIPT);
        server = RealServer.start("providers: {script: {kind: scripted, script: " + script + "}}");
        try (RealServer running = server) {
            carrel(0, "deploy", project("Be brief.\n").toString());
            assertThat(carrel(0, "memory", "get", "--agent", "a")).isEqualTo("Be brief.\n");
            learn(running.client());
            assertThat(carrel(0, "deploy", project("Be kind.\n").toString()))
                    .contains("kept: memory/a.md");
            assertThat(carrel(0, "memory", "get", "--agent", "a"))
                    .isEqualTo("Be brief.\nTests need root.\n");
            running.kill();
            running.revive();
            assertThat(carrel(0, "memory", "get", "--agent", "a", "--version-number", "1"))
                    .isEqualTo("Be brief.\n");
            people();
        }
    }

    private static void learn(CarrelClient client) throws Exception {
        String session = client.sessions().create(SessionRequest.of("a")).id();
        client.sessions().send(session, "learn");
        Eventually.holds(() -> !List.of("queued", "running").contains(state(client, session)));
        SessionInfo after = client.sessions().get(session);
        assertThat(after.state()).isEqualTo("idle");
        assertThat(after.sandbox()).isEmpty();
        assertThat(client.memory().agent("a").get().updatedBy()).isEqualTo(session);
        assertThat(client.sessions().events(session, 0, 100))
                .filteredOn(event -> event.type().equals("turn.started"))
                .singleElement()
                .extracting(event -> event.json().path("memory").asText())
                .isEqualTo("## Your own\nBe brief.");
    }

    private static String state(CarrelClient client, String session) {
        return client.sessions().get(session).state();
    }

    private void people() throws IOException {
        Path file = Files.writeString(folder.resolve("note.md"), "Likes tea.\n");
        assertThat(carrel(0, "memory", "set", "--user", "ada", file.toString()))
                .contains("version 1");
        carrel(2, "memory", "get", "--user", "ada", "--agent", "a");
        assertThat(carrel(0, "memory", "ls")).contains("user     ada", "agent    a", "version 2");
        assertThat(carrel(0, "memory", "versions", "--agent", "a"))
                .contains("version 2", "version 1", "by deployment");
        carrel(0, "memory", "rm", "--user", "ada");
        assertThat(carrel(1, "memory", "get", "--user", "ada")).contains("user \"ada\"");
        assertThat(server.client().memory().list(10, Optional.empty()).data()).hasSize(1);
    }
}
