package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.Budget;
import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Cancellation;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ConfiguredModels;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ModelRef;
import dev.carrel.model.PriceTable;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.session.Budgets;
import dev.carrel.store.ProjectId;
import dev.carrel.wire.SessionRequest;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whoever's budget it is, and whatever it counts: the turn that spends the last of it ends before
/// its next model call, and no message is taken after it. Every answer takes one share of the unit
/// that its agent is named after.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OperatorBudgetsIT {
    private static final long MILLIS = 600; // a hundredth of a minute
    private static final long TOKENS = 1_000;

    /// In shares.
    private static final Map<String, Integer> ROOM = Map.of("session", 2, "user", 3, "project", 5);

    private static final List<String> UNITS = List.of("usd", "tokens", "minutes", "steps");

    private static final String PRICES =
            """
            usd/*: {input: 10000, output: 0}
            tokens/*: {input: 0, output: 0}
            minutes/*: {input: 0, output: 0}
            steps/*: {input: 0, output: 0}
            """;

    private ApiServer server;

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        var models =
                new ConfiguredModels(
                        Map.of(
                                "usd", answering(TOKENS / 10, 0),
                                "tokens", answering(TOKENS, 0),
                                "minutes", answering(0, MILLIS),
                                "steps", answering(0, 0)),
                        PriceTable.of(new YAMLMapper().readTree(PRICES)));
        server =
                new ApiServer(
                        home,
                        models,
                        new Budgets(shares("session"), shares("user"), shares("project")));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private static Budget shares(String scope) {
        int shares = ROOM.get(scope);
        return Budget.of(
                Optional.of(BigDecimal.valueOf(shares)),
                Optional.of(TOKENS * shares),
                Optional.of(BigDecimal.valueOf(shares, 2)),
                Optional.of(shares));
    }

    /// Asks for a tool when the message says "on".
    private static ChatModel answering(long tokens, long millis) {
        return (request, _, cancellation) -> {
            pause(millis, cancellation);
            boolean on =
                    request.messages().getLast() instanceof Message.User user
                            && user.text().equals("on");
            var call = new ToolCall("call_1", "bash", "{\"command\": \"echo on\"}");
            var message =
                    new Message.Assistant(
                            "Well.", "", Optional.empty(), on ? List.of(call) : List.of());
            return new ChatAnswer(
                    message,
                    on ? FinishReason.TOOL_CALLS : FinishReason.STOP,
                    new Usage(tokens, 0, 0, 0, 0),
                    "x");
        };
    }

    private static void pause(long millis, Cancellation cancellation) {
        var cancelled = new CountDownLatch(1);
        cancellation.onCancel(cancelled::countDown);
        try {
            if (cancelled.await(millis, TimeUnit.MILLISECONDS)) {
                throw new Cancellation.CancelledException();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private CarrelClient project(String name) {
        var project = new ProjectId(name);
        server.keys.ensureProject(project);
        server.deployments.deploy(
                project,
                UNITS.stream()
                        .map(unit -> AgentDefinition.of(unit, ModelRef.parse(unit + "/x")))
                        .map(agent -> agent.allowedTools(List.of("bash")).build())
                        .toList());
        return new CarrelClient(server.uri(), server.keys.create(project, "test").secret());
    }

    private static String session(CarrelClient client, String unit, String user) {
        return client.sessions()
                .create(new SessionRequest(unit, Optional.of(user), Map.of(), Optional.empty()))
                .id();
    }

    private static JsonNode turn(CarrelClient client, String session, String message) {
        return TurnEvents.of(client, session, message).getLast();
    }

    static Stream<Arguments> budgets() {
        return ROOM.keySet().stream()
                .flatMap(scope -> UNITS.stream().map(unit -> Arguments.of(scope, unit)));
    }

    @ParameterizedTest
    @MethodSource("budgets")
    void whatIsSpentEndsTheTurnAndRefusesTheNext(String scope, String unit) {
        CarrelClient client = project(scope + "-" + unit);
        String session = "";
        JsonNode end = null;
        for (int turn = 1; turn <= ROOM.get(scope); turn++) {
            if (!scope.equals("session") || turn == 1) {
                session = session(client, unit, scope.equals("user") ? "ada" : "user " + turn);
            }
            end = turn(client, session, turn == ROOM.get(scope) ? "on" : "once");
        }

        assertThat(end.path("stop_reason").asText()).as(end.toString()).isEqualTo("budget");
        JsonNode budget = end.at("/error/budget");
        assertThat(budget.path("scope").asText()).isEqualTo(scope);
        assertThat(budget.path("unit").asText()).isEqualTo(unit);
        assertThat(budget.path("used").decimalValue())
                .isGreaterThanOrEqualTo(budget.path("limit").decimalValue());
        assertThat(client.sessions().get(session).state()).isEqualTo("failed");
        assertThat(client.sessions().get(session).stopReason()).contains("budget");

        String next =
                scope.equals("session")
                        ? session
                        : session(client, unit, scope.equals("user") ? "ada" : "somebody else");
        CarrelException refused =
                catchThrowableOfType(
                        CarrelException.class, () -> client.sessions().send(next, "once"));
        assertThat(refused).as("a message after it").isNotNull();
        assertThat(refused.code()).isEqualTo(ErrorCode.BUDGET_EXCEEDED);
        assertThat(refused.text()).contains("budget of this " + scope, " " + unit);
    }

    @Test
    void whatOneProjectSpendsIsNotTakenFromAnother() {
        CarrelClient poor = project("poor");
        for (int user = 1; user <= ROOM.get("project"); user++) {
            turn(poor, session(poor, "steps", "user " + user), "once");
        }
        CarrelClient rich = project("rich");
        JsonNode end = turn(rich, session(rich, "steps", "user 1"), "once");
        assertThat(end.path("stop_reason").asText()).isEqualTo("end");
        assertThat(
                        catchThrowableOfType(
                                CarrelException.class,
                                () -> turn(poor, session(poor, "steps", "user 9"), "once")))
                .hasMessageContaining("this project today (UTC) is spent: 5 of 5 steps");
    }
}
