package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.agent.AgentDefinition;
import dev.carrel.client.CarrelClient;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ChatRequest;
import dev.carrel.model.ConfiguredModels;
import dev.carrel.model.Message;
import dev.carrel.model.ModelRef;
import dev.carrel.model.ScriptedModel;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.session.Budgets;
import dev.carrel.session.Delivery;
import dev.carrel.session.SessionId;
import dev.carrel.session.TurnInput;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How agents go in circles, as users of the API see it: told once, then stopped.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CirclesApiIT {
    private static final int STEPS = 20;

    /// So often are the same words answered with a message before their turn is stopped.
    private static final int SPOKEN_MAX = 2 * 3;

    private ApiServer server;
    private CarrelClient client;

    /// The session that a speaker without an end keeps going.
    private final AtomicInteger said = new AtomicInteger();

    private final AtomicReference<String> speaking = new AtomicReference<>("");

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        var script = new StringBuilder("conversations:\n");
        conversation(script, "same_call", "{name: bash, arguments: {command: 'echo same'}}");
        conversation(script, "same_error", "{name: read, arguments: {path: none, offset: STEP}}");
        conversation(script, "alternating", "{name: bash, arguments: {command: 'echo PARITY'}}");
        conversation(script, "sensible", "{name: bash, arguments: {command: 'echo STEP'}}");
        var models =
                new ConfiguredModels(
                        Map.of(
                                "scripted",
                                ScriptedModel.parse(script.toString(), "script.yaml"),
                                "speaker",
                                speaker(false),
                                "endless",
                                speaker(true)));
        server = new ApiServer(home, models, Budgets.NONE);
        server.deployments.deploy(
                ApiServer.PROJECT, List.of(agent("scripted"), agent("speaker"), agent("endless")));
        client = server.client();
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private static AgentDefinition agent(String provider) {
        return AgentDefinition.of(provider, ModelRef.parse(provider + "/x"))
                .allowedTools(List.of("bash", "read"))
                .maxSteps(STEPS)
                .build();
    }

    private static void conversation(StringBuilder script, String name, String call) {
        script.append("  - when: ").append(name).append("\n    steps:\n");
        for (int step = 1; step <= STEPS; step++) {
            script.append("      - calls: [")
                    .append(call.replace("STEP", "" + step).replace("PARITY", "" + step % 2))
                    .append("]\n");
        }
    }

    /// Says the same again and again, while messages that come meanwhile keep its turn going.
    private ChatModel speaker(boolean deaf) {
        return (request, _, _) -> {
            if (told(request) && !deaf) {
                return ApiServer.say("I see.");
            }
            if (said.incrementAndGet() > SPOKEN_MAX) {
                return ApiServer.say("Shall I go on?");
            }
            var session = new SessionId(speaking.get());
            var goOn = TurnInput.ofMessage("go on");
            server.sessions.send(ApiServer.PROJECT, session, goOn, Delivery.STEER);
            return ApiServer.say("Shall I go on?");
        };
    }

    private static boolean told(ChatRequest request) {
        return request.messages().stream()
                .anyMatch(message ->
                        message instanceof Message.User user
                                && user.text().contains("same answer 3"));
    }

    private List<JsonNode> turn(String agent, String message) {
        said.set(0);
        speaking.set(client.sessions().create(SessionRequest.of(agent)).id());
        return TurnEvents.of(client, speaking.get(), message);
    }

    private String state() {
        return client.sessions().get(speaking.get()).state();
    }

    private void assertFailed(String stopReason) {
        SessionInfo info = client.sessions().get(speaking.get());
        assertThat(info.state()).isEqualTo("failed");
        assertThat(info.stopReason()).contains(stopReason);
    }

    /// After as many answers it is told, and after as many again it is stopped.
    @ParameterizedTest
    @CsvSource({"same_call, 4", "same_error, 3", "alternating, 6", "monologue, 3"})
    void whoGoesInCirclesIsToldOnceAndThenStopped(String pattern, int answers) throws Exception {
        String agent = pattern.equals("monologue") ? "endless" : "scripted";

        List<JsonNode> turn = turn(agent, pattern);

        JsonNode end = turn.getLast();
        assertThat(end.path("stop_reason").asText()).isEqualTo("stuck");
        assertThat(end.at("/error/code").asText()).isEqualTo("stuck");
        assertThat(end.at("/error/message").asText()).contains(pattern);
        List<JsonNode> nudges = TurnEvents.ofType(turn, "turn.nudged");
        assertThat(nudges).hasSize(1);
        assertThat(nudges.getFirst().path("pattern").asText()).isEqualTo(pattern);
        assertThat(TurnEvents.ofType(turn, "message.assistant")).hasSize(2 * answers);
        assertThat(
                        TurnEvents.ofType(
                                turn.subList(0, turn.indexOf(nudges.getFirst())),
                                "message.assistant"))
                .hasSize(answers);
        if (pattern.equals("monologue")) { // the last message is answered by a turn of its own
            assertThat(end.path("unseen_messages").asInt()).isEqualTo(1);
            Eventually.holds(() -> state().equals("idle"));
        } else {
            assertFailed("stuck");
        }
    }

    @Test
    void whoListensGoesOn() {
        List<JsonNode> turn = turn("speaker", "hello");
        assertThat(turn.getLast().path("stop_reason").asText()).isEqualTo("end");
        assertThat(TurnEvents.ofType(turn, "turn.nudged")).hasSize(1);
    }

    @Test
    void anAgentHasSoManySteps() {
        List<JsonNode> turn = turn("scripted", "sensible");
        assertThat(turn.getLast().path("stop_reason").asText()).isEqualTo("max_steps");
        assertThat(TurnEvents.ofType(turn, "message.assistant")).hasSize(STEPS);
        assertThat(TurnEvents.types(turn)).doesNotContain("turn.nudged");
        assertFailed("max_steps");
    }
}
