package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.cli.RealServer;
import dev.carrel.error.CarrelException;
import dev.carrel.wire.Json;
import dev.carrel.wire.SandboxInfo;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// What `agents.json` says of an agent's sandbox holds in the sandbox of its sessions.
class AgentWorkspaceIT extends InternetStage {
    /// Shows as its answer what the command wrote that the user asked for.
    private static final String SCRIPT =
            """
            conversations:
              - when: "look around"
                steps:
                  - calls:
                      - {name: bash, arguments: {command: "%s"}}
                  - text: "That is what there is."
            """;

    private static final String LOOK =
            "for host in good.example evil.example; do"
                    + " curl -sm 5 -o /dev/null -w \\\"$host %{http_code}\\\\n\\\" http://$host/; done;"
                    + " dmesg 2>/dev/null | head -1; true";

    @Override
    RealServer start(String config) throws IOException {
        Path script = Files.createTempFile("carrel-script-", ".yaml");
        try {
            Files.writeString(script, SCRIPT.formatted(LOOK));
            return super.start(
                    config + "providers: {script: {kind: scripted, script: " + script + "}}\n");
        } finally {
            Files.delete(script);
        }
    }

    @Test
    void networkRulesHoldInItsSandbox() throws Exception {
        deploy("\"network\": {\"allow\": [\"good.example\", \"*.good.example\"]}");
        Seen seen = lookAround();
        assertThat(seen.output()).contains("good.example 200", "evil.example 000");
        assertThat(seen.sandbox().network()).isEqualTo(rules("good.example *.good.example", ""));

        deploy("\"network\": {\"deny\": [\"good.example\"]}");
        assertThat(lookAround().output()).contains("good.example 000", "evil.example 200");

        deploy("\"network\": {\"internet\": false}");
        assertThat(lookAround().output()).contains("good.example 000", "evil.example 000");

        deploy("\"image\": \"coding\"");
        Seen usual = lookAround();
        assertThat(usual.output()).contains("good.example 200", "evil.example 200");
        assertThat(usual.sandbox().isolation()).isEqualTo("container");
    }

    @Test
    void isolationHoldsInItsSandbox() throws Exception {
        try {
            deploy("\"isolation\": \"gvisor\", \"network\": {\"allow\": [\"good.example\"]}");
        } catch (CarrelException e) {
            System.err.println("NOT TESTED: " + e.getMessage());
            Assumptions.assumeFalse(e.getMessage().contains("not to be had"), e.getMessage());
            throw e;
        }
        Seen seen = lookAround();
        assertThat(seen.output())
                .contains("good.example 200", "evil.example 000", "Starting gVisor");
        assertThat(seen.sandbox().isolation()).isEqualTo("gvisor");
    }

    @Test
    void aDeploymentIsRefusedWithFileLineAndField() {
        assertRefused(
                "\"network\": {\"allow\": [\"good.example\",\n\"10.0.0.0/8\"]}",
                "agents.json:3: network.allow: 10.0.0.0/8 is private",
                "in \"network\" of \"workspace\" of agent \"coder\"");
        assertRefused("\"network\": {\"deny\": [\"http://x/\"]}", "agents.json:2: network.deny: ");
        assertRefused("\"isolation\": \"gviser\"", "agents.json:2: ", "did you mean \"gvisor\"?");
        assertRefused(
                "\"isolation\": \"microvm\"", "agents.json:2: ", "not to be had on this host");
        String many = "\"h.example\",".repeat(257);
        assertRefused(
                "\"network\": {\"allow\": [" + many.substring(0, many.length() - 1) + "]}",
                "agents.json:2: ",
                "at most 256");
    }

    private void assertRefused(String workspace, String... why) {
        assertThatThrownBy(() -> deploy(workspace)).hasMessageContainingAll(why);
    }

    private void deploy(String workspace) throws IOException {
        AgentUpload.deploy(
                client,
                """
                [{"name": "coder", "model": "script/x",
                  "workspace": {%s}}]
                """
                        .formatted(workspace));
    }

    /// What the agent's command wrote, and the sandbox in which.
    private record Seen(String output, SandboxInfo sandbox) {}

    private Seen lookAround() throws Exception {
        String body =
                "{\"model\":\"coder\",\"messages\":[{\"role\":\"user\",\"content\":\"look around\"}]}";
        HttpRequest request =
                HttpRequest.newBuilder(server.uri().resolve("/v1/chat/completions"))
                        .header("Authorization", "Bearer " + server.key())
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build();
        String session;
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(answer.body()).contains("That is what there is.");
            session = answer.headers().firstValue("x-session-id").orElseThrow();
        }
        String id = client.sessions().get(session).sandbox().orElseThrow();
        return new Seen(output(session), client.sandboxes().get(id));
    }

    private String output(String session) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(
                                server.uri().resolve("/v1/sessions/" + session + "/events?after=0"))
                        .header("Authorization", "Bearer " + server.key())
                        .build();
        try (HttpClient http = HttpClient.newHttpClient()) {
            String events = http.send(request, HttpResponse.BodyHandlers.ofString()).body();
            for (JsonNode event : Json.lenient().readTree(events).path("data")) {
                if (event.path("type").asText().equals("tool.completed")) {
                    return event.toString();
                }
            }
            throw new AssertionError(events);
        }
    }
}
