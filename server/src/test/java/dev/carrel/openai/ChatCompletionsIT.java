package dev.carrel.openai;

import static dev.carrel.openai.Stand.json;
import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.model.Cancellation;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ScriptedModel;
import dev.carrel.session.SessionFixture;
import dev.carrel.session.SessionId;
import dev.carrel.session.StreamItem;
import dev.carrel.session.Subscription;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ChatCompletionsIT {
    static final String SCRIPT =
            """
            conversations:
              - when: "run it"
                steps:
                  - reasoning: "Echo first."
                    text: "Let me run it."
                    calls:
                      - {name: bash, arguments: {command: "echo hello"}}
                  - expect: ["hello"]
                    text: "It says hello."
              - when: "weather"
                steps:
                  - calls:
                      - {name: bash, arguments: {command: "echo one"}}
                      - {name: weather, arguments: {city: "Rome"}}
                  - expect: ["sunny"]
                    text: "It is sunny in Rome."
              - when: "fail at once"
                steps:
                  - error: {code: model_unavailable, message: "the model is out of order"}
              - when: "fail later"
                steps:
                  - text: "Let me try."
                    calls:
                      - {name: list, arguments: {path: "."}}
                  - error: {code: model_unavailable, message: "the model is out of order"}
              - when: "and then"
                steps:
                  - text: "That was it."
            """;
    static final String WEATHER =
            """
            'tools':[{'type':'function','function':{'name':'weather','description':'Tells.',\
            'parameters':{'type':'object','properties':{'city':{'type':'string'}}}}}]\
            """;

    @TempDir Path home;
    private Stand stand;

    @AfterEach
    void close() {
        if (stand != null) {
            stand.close();
        }
    }

    /// Rule 10, rule 5, and every byte of the body.
    @Test
    void goldenBytesOnTheWire() throws Exception {
        start();
        var response =
                stand.chat(body("run it", "'stream':true,'stream_options':{'include_usage':true}"));

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type"))
                .contains("text/event-stream; charset=utf-8");
        assertThat(response.headers().firstValue("cache-control")).contains("no-store");
        assertThat(response.headers().firstValue("x-accel-buffering")).contains("no");
        assertThat(header(response, "x-request-id")).startsWith("req_");
        String session = header(response, "x-session-id");
        String turn = header(response, "x-turn-id");
        assertThat(stand.base.session(new SessionId(session)).agent()).isEqualTo("coder");
        try (InputStream golden = getClass().getResourceAsStream("wire.txt")) {
            String expected = new String(golden.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(
                            response.body()
                                    .replace(turn, "trn_1")
                                    .replaceAll("(duration_ms|tokens)\":\\d+", "$1\":1")
                                    .replaceAll(": ping\n\n", ""))
                    .isEqualTo(expected);
        }
    }

    /// Rule 10: each chunk is flushed; and rule 5: silence is filled with comments.
    @Test
    void chunksArriveWhenTheyAreMadeAndCommentsInBetween() throws Exception {
        var goOn = new CountDownLatch(1);
        start((request, listener, cancellation) -> {
            listener.text("Now");
            await(goOn);
            return Stand.text("Now then");
        });
        try (BufferedReader lines = open(body("hi", "'stream':true"))) {
            assertThat(lines.readLine()).contains("\"role\":\"assistant\"");
            assertThat(lines.readLine()).isEmpty();
            assertThat(lines.readLine()).contains("\"content\":\"Now\"");
            assertThat(lines.readLine()).isEmpty();
            assertThat(lines.readLine()).startsWith(":");
            goOn.countDown();
            List<String> rest = lines.lines().filter(line -> !line.isEmpty()).toList();
            assertThat(rest)
                    .filteredOn(line -> !line.startsWith(":"))
                    .hasSize(3)
                    .first()
                    .asString()
                    .contains("\"content\":\" then\"");
            assertThat(rest.getLast()).isEqualTo("data: [DONE]");
        }
    }

    @Test
    void wholeAnswerHasWhatRan() throws Exception {
        start();
        var response = stand.chat(body("run it", "'stream':false"));

        JsonNode answer = json(response);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(answer.path("session_id").asText()).isEqualTo(header(response, "x-session-id"));
        assertThat(answer.at("/choices/0/message/content").asText())
                .isEqualTo("Let me run it.\n\nIt says hello.");
        assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(answer.at("/choices/0/tool_calls_executed/0/arguments/command").asText())
                .isEqualTo("echo hello");
        assertThat(answer.at("/choices/0/tool_calls_executed/0/result").asText()).contains("hello");
        assertThat(answer.at("/usage/total_tokens").asLong()).isPositive();
    }

    @Test
    void sessionGoesOnWithTheNextRequest() throws Exception {
        start();
        String session = header(stand.chat(body("run it", "'user':'ada'")), "x-session-id");
        var second = stand.chat(body("and then", "'user':'ada'"), "x-session-id", session);

        assertThat(header(second, "x-session-id")).isEqualTo(session);
        assertThat(json(second).at("/choices/0/message/content").asText())
                .isEqualTo("That was it.");
        assertThat(stand.base.session(new SessionId(session)).user()).contains("ada");
        assertThat(stand.base.sessions.list(PROJECT, 10, Optional.empty()).items()).hasSize(1);
    }

    @Test
    void callersToolIsRunByTheCallerWithNothingButItsCallId() throws Exception {
        start();
        var first = stand.chat(body("weather?", WEATHER));
        JsonNode message = json(first).at("/choices/0/message");
        String call = message.at("/tool_calls/0/id").asText();
        assertThat(json(first).at("/choices/0/finish_reason").asText()).isEqualTo("tool_calls");
        assertThat(json(first).at("/choices/0/tool_calls_executed")).hasSize(1);
        assertThat(message.at("/tool_calls")).hasSize(1);

        var second =
                stand.chat(
                        """
                        {'model':'coder',%s,'messages':[
                            {'role':'user','content':'weather?'},
                            %s,
                            {'role':'tool','tool_call_id':'%s','content':'sunny'}]}\
                        """
                                .formatted(WEATHER, message, call));
        assertThat(json(second).at("/choices/0/message/content").asText())
                .isEqualTo("It is sunny in Rome.");
        assertThat(header(second, "x-session-id")).isEqualTo(header(first, "x-session-id"));
    }

    @Test
    void failureBeforeTheFirstChunkHasItsStatus() throws Exception {
        start();
        for (String form : List.of("'stream':true", "'stream':false")) {
            var response = stand.chat(body("fail at once", form));

            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(json(response).at("/error/code").asText()).isEqualTo("model_unavailable");
            assertThat(json(response).at("/error/message").asText()).contains("out of order");
            assertThat(header(response, "x-should-retry")).isEqualTo("false");
            assertThat(header(response, "x-session-id")).startsWith("ses_");
        }
    }

    @Test
    void laterFailureIsTheLastChunk() throws Exception {
        start();
        var response = stand.chat(body("fail later", "'stream':true"));

        assertThat(response.statusCode()).isEqualTo(200);
        List<String> data = data(response.body());
        assertThat(data.getLast()).startsWith("{\"error\":{\"message\":\"the model is out of");
        assertThat(data).noneMatch(line -> line.contains("DONE") || line.contains("_reason\":\""));
        assertThat(response.body()).doesNotContain("event:");
    }

    @Test
    void retriedModelCallDoesNotRepeatItself() throws Exception {
        start((request, listener, cancellation) -> {
            listener.text("The answer is");
            listener.restarted();
            listener.text("The answer");
            listener.text(" is 42.");
            return Stand.text("The answer is 42.");
        });
        var response = stand.chat(body("hi", "'stream':true"));

        assertThat(content(response.body())).isEqualTo("The answer is 42.");
    }

    @Test
    void turnOutlivesItsClientUnlessAskedNotTo() throws Exception {
        var goOn = new CountDownLatch(1);
        start((request, listener, cancellation) -> {
            listener.text("Working");
            cancellation.onCancel(goOn::countDown);
            await(goOn);
            cancellation.throwIfCancelled();
            return Stand.text("Working");
        });
        var cancelled = open(stand.chatOpen(body("a", "'stream':true,'on_disconnect':'cancel'")));
        assertThat(end(cancelled)).isEqualTo(StopReason.INTERRUPTED);

        var kept = open(stand.chatOpen(body("b", "'stream':true")));
        goOn.countDown();
        assertThat(end(kept)).isEqualTo(StopReason.END);
    }

    @Test
    void turnThatWaitsShowsOnlyItsOwn() throws Exception {
        var goOn = new CountDownLatch(1);
        start((request, listener, cancellation) -> {
            String text = "Answer " + request.messages().size();
            listener.text(text);
            await(goOn);
            return Stand.text(text);
        });
        SessionId session = open(stand.chatOpen(body("one", "'stream':true")));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var second =
                    threads.submit(() ->
                            stand.chat(
                                    body("two", "'stream':true"), "x-session-id", session.value()));
            awaitEntry(session, new Event.UserMessage("two", List.of())::equals);
            goOn.countDown();

            assertThat(content(second.get().body())).isEqualTo("Answer 3");
        }
    }

    /// In the middle of a write, too, which is where a flood of chunks has it most of the time.
    @RepeatedTest(10)
    void streamSaysThatTheServerStops() throws Exception {
        start((request, listener, cancellation) -> {
            while (!Thread.currentThread().isInterrupted()) {
                listener.text("Working ");
            }
            throw new Cancellation.CancelledException();
        });
        try (BufferedReader lines = open(body("hi", "'stream':true"))) {
            assertThat(lines.readLine()).startsWith("data:");
            stand.closeHttp();
            assertThat(data(String.join("\n", lines.lines().toList())).getLast())
                    .contains("\"code\":\"unavailable\"")
                    .contains("the turn goes on");
        }
    }

    @Test
    void badRequestsStartNothing() throws Exception {
        start();
        assertError(stand.chat(body("hi", "'n':2")), 400, "unsupported_parameter");
        assertError(stand.chat("{'model':'codr','messages':[]}"), 400, "invalid_request");
        assertError(stand.chat("{'model':7,'messages':[]}"), 400, "invalid_request");
        assertError(stand.chat("{'model':'coder','messages':[null]}"), 400, "invalid_request");
        assertError(stand.chat("{'model':"), 400, "invalid_json");
        assertError(stand.chat(body("hi", "'agent':'codr'")), 404, "agent_not_found");
        assertError(stand.chat(body("hi", "'session_id':'ses_unknown'")), 404, "session_not_found");
        assertError(
                stand.chat(body("x".repeat(1 << 20) + "y", "'user':'ada'")), 413, "body_too_large");
        assertThat(stand.base.sessions.list(PROJECT, 10, Optional.empty()).items()).isEmpty();
    }

    @Test
    void sessionIsNotLentToAnotherAgentOrUser() throws Exception {
        start();
        stand.base.deployments.deploy(
                PROJECT, List.of(SessionFixture.agent("coder"), SessionFixture.agent("writer")));
        String session = header(stand.chat(body("run it", "'user':'ada'")), "x-session-id");

        assertError(
                stand.chat(body("hi", "'user':'bob'"), "x-session-id", session), 403, "forbidden");
        assertError(
                stand.chat(body("hi", "'agent':'writer'"), "x-session-id", session),
                400,
                "invalid_request");
        assertThat(stand.chat(body("and then", "'n':1"), "x-session-id", session).statusCode())
                .isEqualTo(200);
    }

    @Test
    void modelsAreTheAgents() throws Exception {
        start();
        assertThat(json(stand.get("/v1/models")).toString())
                .isEqualTo(
                        """
                        {"object":"list","data":[{"id":"coder","object":"model",\
                        "created":1793534400,"owned_by":"default"}]}\
                        """);
        assertThat(json(stand.get("/v1/models/coder")).path("id").asText()).isEqualTo("coder");
        assertError(stand.get("/v1/models/codr"), 404, "agent_not_found");
    }

    private void start() throws IOException {
        start(ScriptedModel.parse(SCRIPT, "script.yaml"));
    }

    private void start(ChatModel model) throws IOException {
        stand = new Stand(home, model);
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody came within a minute");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Cancellation.CancelledException();
        }
    }

    private BufferedReader open(String body) throws Exception {
        return new BufferedReader(
                new InputStreamReader(stand.chatOpen(body).body(), StandardCharsets.UTF_8));
    }

    /// Reads the first chunk, hangs up, and gives the session.
    private static SessionId open(HttpResponse<InputStream> response) throws IOException {
        try (InputStream in = response.body()) {
            assertThat(in.read()).isPositive();
        }
        return new SessionId(header(response, "x-session-id"));
    }

    private StopReason end(SessionId session) throws InterruptedException {
        return ((Event.TurnCompleted) awaitEntry(session, Event.TurnCompleted.class::isInstance))
                .reason();
    }

    private Event awaitEntry(SessionId session, Predicate<Event> which)
            throws InterruptedException {
        try (Subscription reader = stand.base.sessions.subscribe(PROJECT, session, 0)) {
            while (true) {
                StreamItem item = reader.next(Duration.ofSeconds(30)).orElseThrow();
                if (item instanceof StreamItem.Recorded entry && which.test(entry.event())) {
                    return entry.event();
                }
            }
        }
    }

    private static void assertError(HttpResponse<String> response, int status, String code) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(json(response).at("/error/code").asText()).isEqualTo(code);
        assertThat(json(response).at("/error/request_id").asText())
                .isEqualTo(header(response, "x-request-id"));
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    private static String body(String text, String more) {
        return "{'model':'coder','messages':[{'role':'user','content':'%s'}],%s}"
                .formatted(text, more);
    }

    private static List<String> data(String stream) {
        return stream.lines()
                .filter(line -> line.startsWith("data: "))
                .map(line -> line.substring(6))
                .toList();
    }

    private static String content(String stream) {
        var text = new StringBuilder();
        data(stream).stream()
                .filter(line -> !line.equals("[DONE]"))
                .forEach(line -> text.append(json(line).at("/choices/0/delta/content").asText()));
        return text.toString();
    }
}
