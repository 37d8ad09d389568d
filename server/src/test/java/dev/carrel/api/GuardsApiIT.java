package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.Budget;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ConfiguredModels;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ModelRef;
import dev.carrel.model.PriceTable;
import dev.carrel.model.ScriptedModel;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.session.Budgets;
import dev.carrel.wire.BudgetLimits;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.ProviderInfo;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Each guard, each end and each trouble with models, as users of the API see them.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GuardsApiIT {
    private static final String SCRIPT =
            """
            conversations:
              - when: "wander"
                steps:
                  - calls: [{name: bash, arguments: {command: "echo 1"}}]
                  - calls: [{name: bash, arguments: {command: "echo 2"}}]
                  - calls: [{name: bash, arguments: {command: "echo 3"}}]
                  - text: "Home."
              - when: "garble"
                steps:
                  - calls: [{name: bush, arguments: {command: "echo 1"}}]
                  - calls: [{name: bash, arguments: "{oops"}]
                  - calls: [{name: bash, arguments: {}}]
                  - calls: [{name: push, arguments: {}}]
                  - calls: [{name: bash, arguments: {command: 7}}]
              - when: "think"
                steps:
                  - {text: "At last.", delay_ms: 50000}
              - when: "sleep"
                steps:
                  - calls: [{name: bash, arguments: {command: "sleep 500", timeout_seconds: 600}}]
              - when: "nap"
                steps:
                  - calls: [{name: bash, arguments: {command: "sleep 4"}}]
              - when: "hello"
                steps:
                  - text: "Hello."
            """;

    /// An answer of the test's own models takes 10 tokens of input and 5 of output.
    private static final String PRICES =
            "{scripted/*: {input: 0.01, output: 0.01}, own/*: {input: 100000, output: 200000},"
                    + " away/*: {input: 1, output: 1}, down/*: {input: 1, output: 1}, locked/*: {input: 1, output: 1}}";

    private final AtomicReference<ChatModel> own =
            new AtomicReference<>((_, _, _) -> ApiServer.say("Hi."));
    private ApiServer server;
    private CarrelClient client;

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        var models =
                new ConfiguredModels(
                        Map.of(
                                "scripted",
                                ScriptedModel.parse(SCRIPT, "script.yaml"),
                                "own",
                                (r, l, c) -> own.get().chat(r, l, c),
                                "unpriced",
                                (_, _, _) -> ApiServer.say("Who knows?"),
                                "down",
                                failing(ErrorCode.MODEL_UNAVAILABLE, "down is down"),
                                "away",
                                failing(ErrorCode.MODEL_UNAVAILABLE, "away is away"),
                                "locked",
                                failing(ErrorCode.MODEL_UNAUTHORIZED, "check the key")),
                        PriceTable.of(new YAMLMapper().readTree(PRICES)));
        var budgets = new Budgets(limits("0.01"), limits("0.02"), limits("900"));
        server = new ApiServer(home, models, budgets);
        server.deployments.deploy(
                ApiServer.PROJECT,
                List.of(
                        agent("coder", "scripted/x").build(),
                        agent("poor", "scripted/x").budget(tokens(1)).build(),
                        agent("own", "own/x").build(),
                        agent("unpriced", "unpriced/x").build(),
                        agent("careful", "down/x").fallbacks(refs("locked/x", "own/x")).build(),
                        agent("alone", "away/x").build(),
                        agent("locked", "locked/x").build()));
        client = server.client();
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private static AgentDefinition.Builder agent(String name, String model) {
        return AgentDefinition.of(name, ModelRef.parse(model))
                .allowedTools(List.of("bash"))
                .maxSteps(10);
    }

    private static List<ModelRef> refs(String... models) {
        return List.of(models).stream().map(ModelRef::parse).toList();
    }

    private static Budget limits(String usd) {
        return Budget.of(
                Optional.of(new BigDecimal(usd)),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static Budget tokens(long tokens) {
        return Budget.of(Optional.empty(), Optional.of(tokens), Optional.empty(), Optional.empty());
    }

    private static ChatModel failing(ErrorCode code, String message) {
        return (_, _, _) -> {
            throw new CarrelException(code, message);
        };
    }

    private static ChatAnswer call(String tool, String arguments) {
        var calls = List.of(new ToolCall("call", tool, arguments));
        var message = new Message.Assistant("", "", Optional.empty(), calls);
        return new ChatAnswer(message, FinishReason.TOOL_CALLS, new Usage(10, 5, 0, 0, 0), "x");
    }

    private String session(String agent) {
        return client.sessions().create(SessionRequest.of(agent)).id();
    }

    private List<JsonNode> turn(String session, MessageRequest message) {
        return TurnEvents.of(client, session, message);
    }

    private List<JsonNode> turn(String session, String message) {
        return turn(session, MessageRequest.of(message));
    }

    private static MessageRequest within(String content, BudgetLimits limits) {
        return MessageRequest.of(content).within(limits);
    }

    private void assertFailed(String session, List<JsonNode> turn, String stopReason) {
        assertThat(turn.getLast().path("stop_reason").asText()).isEqualTo(stopReason);
        SessionInfo info = client.sessions().get(session);
        assertThat(info.state()).isEqualTo("failed");
        assertThat(info.stopReason()).contains(stopReason);
    }

    private static JsonNode budget(List<JsonNode> turn) {
        JsonNode error = turn.getLast().path("error");
        assertThat(error.path("code").asText()).isEqualTo("budget_exceeded");
        return error.path("budget");
    }

    @Test
    void aTurnThatHasSpentItsTokensEnds() {
        String session = session("poor");
        List<JsonNode> turn = turn(session, "wander");
        assertFailed(session, turn, "budget");
        assertThat(budget(turn).path("scope").asText()).isEqualTo("turn");
        assertThat(budget(turn).path("unit").asText()).isEqualTo("tokens");
        assertThat(budget(turn).path("limit").asLong()).isEqualTo(1);
        assertThat(budget(turn).path("used").asLong())
                .isEqualTo(
                        turn.getLast().at("/usage/input_tokens").asLong()
                                + turn.getLast().at("/usage/output_tokens").asLong());
        assertThat(TurnEvents.types(turn)).containsOnlyOnce("message.assistant");
    }

    @Test
    void aMessageLowersWhatItsTurnMaySpend() {
        String session = session("coder");
        var cents =
                new BudgetLimits(
                        Optional.of(new BigDecimal("0.000001")),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        List<JsonNode> turn = turn(session, within("wander", cents));
        assertFailed(session, turn, "budget");
        assertThat(budget(turn).path("unit").asText()).isEqualTo("usd");
        assertThat(turn.getFirst().at("/budget/usd").decimalValue())
                .isEqualByComparingTo("0.000001");

        var steps =
                new BudgetLimits(
                        Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(2));
        session = session("coder");
        turn = turn(session, within("wander", steps));
        assertFailed(session, turn, "max_steps");
        assertThat(TurnEvents.types(turn)).filteredOn("model.started"::equals).hasSize(2);
    }

    @Test
    void aModelCallIsStoppedWhenTheMinutesAreOver() {
        String session = session("coder");
        var blink =
                new BudgetLimits(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(new BigDecimal("0.005")),
                        Optional.empty());
        List<JsonNode> turn = turn(session, within("think", blink));
        assertFailed(session, turn, "budget");
        assertThat(budget(turn).path("unit").asText()).isEqualTo("minutes");
        assertThat(turn(session, "hello").getLast().path("stop_reason").asText()).isEqualTo("end");
        assertThat(client.sessions().get(session).state()).isEqualTo("idle");
    }

    @Test
    void limitsThatMakeNoSenseAreRefused() {
        String session = session("coder");
        var none =
                new BudgetLimits(
                        Optional.of(BigDecimal.ZERO),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        CarrelException e =
                catchThrowableOfType(
                        CarrelException.class,
                        () -> client.sessions().send(session, within("hello", none)));
        assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(e).hasMessageContaining("budget: usd must be above 0");
    }

    @Test
    void aSessionThatHasSpentItsBudgetTakesNoMoreMessages() {
        own.set((_, _, _) -> ApiServer.say("Dear.")); // 2 USD for each answer
        String session = session("own");
        turn(session, "hello");
        SessionInfo spent = client.sessions().get(session);
        assertThat(spent.usage().costUsd()).contains(new BigDecimal("2"));

        CarrelException e =
                catchThrowableOfType(
                        CarrelException.class, () -> client.sessions().send(session, "again"));

        assertThat(e.code()).isEqualTo(ErrorCode.BUDGET_EXCEEDED);
        assertThat(e).hasMessageContaining("the budget of this session is spent: 2 of 0.01 usd");
        assertThat(client.sessions().get(session).lastEvent()).isEqualTo(spent.lastEvent());
    }

    @Test
    void whatWasInterruptedIsCountedToo() {
        String session = session("coder");
        String turn = client.sessions().send(session, "think").turn();
        await(session, "model.started");
        client.sessions().interrupt(session);
        List<JsonNode> events = TurnEvents.of(client, session, 0, turn);
        assertThat(events.getLast().path("stop_reason").asText()).isEqualTo("interrupted");
        JsonNode lost = TurnEvents.ofType(events, "model.lost").getFirst();
        assertThat(lost.at("/usage/input_tokens").asLong()).isPositive();
        assertThat(lost.at("/usage/cost_usd").decimalValue()).isPositive();
        assertThat(lost.path("estimated").asBoolean()).isTrue();
        var usage = client.sessions().get(session).usage();
        assertThat(usage.inputTokens()).isEqualTo(lost.at("/usage/input_tokens").asLong());
        assertThat(events.getLast().path("usage")).isEqualTo(lost.path("usage"));
    }

    @Test
    void aCommandIsStoppedWhenTheMinutesAreOver() {
        String session = session("coder");
        List<JsonNode> turn = turn(session, within("sleep", minutes("0.01")));
        assertFailed(session, turn, "budget");
        assertThat(budget(turn).path("unit").asText()).isEqualTo("minutes");
        JsonNode result = TurnEvents.ofType(turn, "tool.completed").getFirst();
        assertThat(result.path("status").asText()).isEqualTo("interrupted");
        assertThat(result.path("result").asText()).contains("the minutes of its budget were over");
        assertThat(result.path("duration_ms").asLong()).isBetween(400L, 20_000L);
    }

    private static BudgetLimits minutes(String minutes) {
        return new BudgetLimits(
                Optional.empty(),
                Optional.empty(),
                Optional.of(new BigDecimal(minutes)),
                Optional.empty());
    }

    @Test
    void whatSteeredATurnThatEndedBeforeItsModelSawItIsAnswered() {
        String session = session("coder");
        var once =
                new BudgetLimits(
                        Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(1));
        String turn = client.sessions().send(session, within("nap", once)).turn();
        await(session, "tool.started");
        assertThat(client.sessions().send(session, MessageRequest.steering("hello")).turn())
                .isEqualTo(turn);
        JsonNode end = TurnEvents.of(client, session, 0, turn).getLast();
        assertThat(end.path("stop_reason").asText()).isEqualTo("max_steps");
        assertThat(end.path("unseen_messages").asInt()).isEqualTo(1);
        try (EventFeed feed = client.sessions().follow(session, end.path("seq").asLong())) {
            SessionEvent event = feed.next();
            assertThat(event.type()).isEqualTo("message.user");
            assertThat(event.json().path("turn").asText()).isNotEqualTo(turn);
            while (!event.type().equals("message.assistant")) {
                event = feed.next();
            }
            assertThat(event.json().path("text").asText()).isEqualTo("Hello.");
        }
    }

    @Test
    void anInterruptTakesPlaceAlsoWhenThereIsNoMoneyForItsMessage() {
        own.set((_, _, _) -> call("bash", "{\"command\":\"sleep 50\"}"));
        String session = session("own");
        String turn = client.sessions().send(session, "hello").turn();
        await(session, "tool.started"); // 2 USD are spent, and the turn goes on
        SessionInfo spent = client.sessions().get(session);

        CarrelException e =
                catchThrowableOfType(
                        CarrelException.class,
                        () -> client.sessions().send(session, MessageRequest.interrupting("no")));

        assertThat(e.code()).isEqualTo(ErrorCode.BUDGET_EXCEEDED);
        JsonNode end = TurnEvents.of(client, session, 0, turn).getLast();
        assertThat(end.path("stop_reason").asText()).isEqualTo("interrupted");
        assertThat(client.sessions().get(session).lastEvent()).isEqualTo(end.path("seq").asLong());
        assertThat(end.path("seq").asLong()).isGreaterThan(spent.lastEvent());
    }

    private void await(String session, String type) {
        try (EventFeed feed = client.sessions().follow(session, 0)) {
            while (!feed.next().type().equals(type)) {
                assertThat(feed.hasNext()).isTrue();
            }
        }
    }

    @Test
    void aTurnThatWaitedWhileTheMoneyWentEndsAtOnce() {
        String session = session("own");
        var second = new AtomicReference<String>();
        own.set((_, _, _) -> {
            second.set(client.sessions().send(session, "and then").turn());
            return ApiServer.say("Dear.");
        });
        turn(session, "hello");
        own.set((_, _, _) -> {
            throw new AssertionError("asked without money");
        });
        JsonNode end = TurnEvents.of(client, session, 0, second.get()).getLast();
        assertThat(end.path("stop_reason").asText()).isEqualTo("budget");
        assertThat(end.path("steps").asInt()).isZero();
        assertThat(end.at("/error/budget/scope").asText()).isEqualTo("session");
    }

    @Test
    void aUsersBudgetCountsAllSessionsOfTheUserAndNobodyElses() {
        own.set((_, _, _) -> ApiServer.say("Dear."));
        var ada = new SessionRequest("own", Optional.of("ada"), Map.of(), Optional.empty());
        var bob = new SessionRequest("own", Optional.of("bob"), Map.of(), Optional.empty());
        String first = client.sessions().create(ada).id();
        turn(first, "hello");
        client.sessions().delete(first);
        String next = client.sessions().create(ada).id();
        CarrelException e =
                catchThrowableOfType(
                        CarrelException.class, () -> client.sessions().send(next, "hello"));
        assertThat(e.code()).isEqualTo(ErrorCode.BUDGET_EXCEEDED);
        assertThat(e).hasMessageContaining("this user today (UTC) is spent: 2 of 0.02 usd");
        List<JsonNode> bobs = turn(client.sessions().create(bob).id(), "hello");
        assertThat(bobs.getLast().path("stop_reason").asText()).isEqualTo("end");
    }

    @Test
    void aModelWithoutAPriceIsNotAskedWhereMoneyIsLimited() {
        String session = session("unpriced");
        List<JsonNode> turn = turn(session, "hello");
        assertFailed(session, turn, "error");
        assertThat(turn.getLast().at("/error/code").asText()).isEqualTo("model_price_unknown");
        assertThat(TurnEvents.types(turn)).doesNotContain("model.started");
    }

    @Test
    void anAnswerThatTheProviderCutIsNoSuccess() {
        ChatAnswer said = ApiServer.say("The first half of");
        own.set((_, _, _) ->
                new ChatAnswer(said.message(), FinishReason.LENGTH, said.usage(), "x"));
        String session = session("own");
        List<JsonNode> turn = turn(session, "hello");
        assertFailed(session, turn, "length");
        assertThat(turn.getLast().at("/error/code").asText()).isEqualTo("length");
        assertThat(turn.getLast().at("/error/message").asText()).contains("is not whole");
    }

    @Test
    void callsThatNobodyUnderstandsEndTheTurn() {
        String session = session("coder");
        List<JsonNode> turn = turn(session, "garble");
        assertFailed(session, turn, "malformed_calls");
        assertThat(TurnEvents.types(turn)).doesNotContain("tool.started");
    }

    @Test
    void theNextModelTakesOverAndEveryoneCanSeeWhy() {
        own.set((_, _, _) -> ApiServer.say("I stand in."));
        List<JsonNode> turn = turn(session("careful"), "hello");
        assertThat(turn.getLast().path("stop_reason").asText()).isEqualTo("end");
        assertThat(TurnEvents.types(turn))
                .containsSubsequence(
                        "model.started",
                        "model.failed",
                        "model.started",
                        "model.failed",
                        "model.started",
                        "message.assistant");
        assertThat(turn)
                .filteredOn(event -> event.path("type").asText().equals("model.failed"))
                .extracting(
                        event -> event.path("model").asText(),
                        event -> event.at("/error/code").asText())
                .containsExactly(
                        tuple("down/x", "model_unavailable"),
                        tuple("locked/x", "model_unauthorized"));
        turn(session("careful"), "hello");
        turn(session("careful"), "hello");

        turn = turn(session("careful"), "hello");

        assertThat(turn.getLast().path("stop_reason").asText()).isEqualTo("end");
        assertThat(turn)
                .filteredOn(event -> event.path("type").asText().equals("model.failed"))
                .first()
                .extracting(event -> event.at("/error/message").asText())
                .asString()
                .startsWith("model provider down is not asked before ");
        assertThat(client.status().providers())
                .extracting(ProviderInfo::name, ProviderInfo::state)
                .contains(tuple("down", "open"), tuple("locked", "failing"), tuple("own", "ok"));
    }

    @Test
    void whoHasNoOtherModelWaitsWhileAProviderIsLeftAlone() {
        for (int i = 0; i < 3; i++) {
            assertThat(turn(session("alone"), "hello").getLast().at("/error/code").asText())
                    .isEqualTo("model_unavailable");
        }
        String session = session("alone");
        String turn = client.sessions().send(session, "hello").turn();
        await(session, "model.started");
        assertThat(client.status().providers())
                .extracting(ProviderInfo::name, ProviderInfo::state)
                .contains(tuple("away", "open"));
        assertThat(client.sessions().get(session).state()).isEqualTo("running");
        client.sessions().interrupt(session);
        List<JsonNode> events = TurnEvents.of(client, session, 0, turn);
        assertThat(events.getLast().path("stop_reason").asText()).isEqualTo("interrupted");
        assertThat(TurnEvents.types(events)).doesNotContain("model.lost"); // nothing was asked
    }

    @Test
    void aRefusedKeyIsAnErrorAtOnce() {
        String session = session("locked");
        List<JsonNode> turn = turn(session, "hello");
        assertFailed(session, turn, "error");
        assertThat(turn.getLast().at("/error/code").asText()).isEqualTo("model_unauthorized");
    }

    @Test
    void theTurnTellsItsCostAndSoDoesTheSession() {
        own.set((_, _, _) -> ApiServer.say("Hi."));
        String session = session("own");
        List<JsonNode> turn = turn(session, "hello");
        assertThat(turn.getLast().at("/usage/cost_usd").decimalValue()).isEqualByComparingTo("2");
        assertThat(client.sessions().list(100, Optional.empty()).data())
                .filteredOn(info -> info.id().equals(session))
                .extracting(info -> info.usage().costUsd())
                .containsExactly(Optional.of(new BigDecimal("2")));
    }
}
