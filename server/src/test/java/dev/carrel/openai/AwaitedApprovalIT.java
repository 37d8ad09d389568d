package dev.carrel.openai;

import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatModel;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.session.ApprovalDecision;
import dev.carrel.session.PendingApproval;
import dev.carrel.session.SessionFixture;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionState;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An answer does not hang for as long as nobody decides about a call.
class AwaitedApprovalIT {
    private static final Duration WAIT = Duration.ofMillis(500);
    private static final Usage USAGE = new Usage(10, 5, 0, 0, 0);

    private static final ChatModel WRITES_ONCE =
            (request, _, _) ->
                    request.messages().getLast() instanceof Message.ToolResult
                            ? Stand.text("written")
                            : new ChatAnswer(
                                    new Message.Assistant(
                                            "I write.",
                                            "",
                                            Optional.empty(),
                                            List.of(
                                                    new ToolCall(
                                                            "w",
                                                            "write",
                                                            "{\"path\":\"f\",\"content\":\"x\"}"))),
                                    FinishReason.TOOL_CALLS,
                                    USAGE,
                                    "played");

    @TempDir Path home;
    private Stand stand;

    @BeforeEach
    void start() throws IOException {
        stand = new Stand(home, WRITES_ONCE, WAIT);
        stand.base.deployments.deploy(
                PROJECT,
                List.of(
                        SessionFixture.agent("coder").toBuilder()
                                .approve(List.of("write"))
                                .build()));
    }

    @AfterEach
    void stop() {
        stand.close();
    }

    private static String body(String more) {
        return "{'model':'coder','messages':[{'role':'user','content':'go'}]" + more + "}";
    }

    private static SessionId session(HttpResponse<?> response) {
        return new SessionId(response.headers().firstValue("x-session-id").orElseThrow());
    }

    private List<PendingApproval> pending(SessionId session) {
        return stand.base.sessions.approvals().pending(PROJECT, session);
    }

    @Test
    void anAnswerEndsAndTheTurnGoesOnWithoutIt() throws Exception {
        HttpResponse<String> response = stand.chat(body(""));
        JsonNode choice = Stand.json(response).path("choices").path(0);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(choice.path("stop_reason").asText()).isEqualTo("awaiting_approval");
        assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
        assertThat(choice.path("message").path("content").asText()).isEqualTo("I write.");
        assertThat(Stand.json(response).path("usage").path("total_tokens").asInt()).isEqualTo(15);
        SessionId session = session(response);
        assertThat(pending(session)).hasSize(1);
        stand.base.sessions.approvals().decide(PROJECT, session, "w", ApprovalDecision.allow());
        Eventually.holds(() -> stand.base.session(session).state() == SessionState.IDLE);
    }

    @Test
    void aMessageBehindATurnThatWaitsDoesNotHangEither() throws Exception {
        SessionId session = session(stand.chat(body("")));
        HttpResponse<String> second = stand.chat(body(",'session_id':'" + session + "'"));
        assertThat(Stand.json(second).path("choices").path(0).path("stop_reason").asText())
                .isEqualTo("awaiting_approval");
        assertThat(stand.base.session(session).state()).isEqualTo(SessionState.AWAITING_APPROVAL);
    }

    @Test
    void aStreamSaysWhatWaitsAndGoesOnWhenItIsAllowedInTime() throws Exception {
        var response = stand.chatOpen(body(",'stream':true"));
        boolean decided = false;
        var text = new StringBuilder();
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                text.append(line).append('\n');
                if (line.contains("\"awaiting_approval\"") && !decided) {
                    assertThat(line).contains("\"pattern\":\"write\"", "\"arguments\":{");
                    decided = true;
                    stand.base
                            .sessions
                            .approvals()
                            .decide(PROJECT, session(response), "w", ApprovalDecision.deny("no"));
                }
            }
        }
        assertThat(decided).isTrue();
        assertThat(text)
                .contains("\"state\":\"error\"", "written", "\"stop_reason\":\"end\"", "[DONE]");
    }

    @Test
    void aStreamThatWaitsInVainEndsWell() throws Exception {
        String all = stand.chat(body(",'stream':true")).body();
        assertThat(all)
                .contains("\"state\":\"awaiting_approval\"")
                .contains("\"finish_reason\":\"stop\",\"stop_reason\":\"awaiting_approval\"")
                .endsWith("data: [DONE]\n\n");
    }
}
