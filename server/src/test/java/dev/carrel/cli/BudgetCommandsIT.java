package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a turn may spend, from the command line. No tool of these agents needs a sandbox.
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BudgetCommandsIT {
    private static final String SCRIPT =
            """
            conversations:
              - when: "search"
                steps:
                  - calls: [{name: memory_search, arguments: {query: "one"}}]
                  - calls: [{name: memory_search, arguments: {query: "two"}}]
                  - text: "Nothing is known."
              - when: "think"
                steps: [{text: "At last.", delay_ms: 50000}]
              - when: "circle"
                steps:
            """
                    + "      - calls: [{name: memory_search, arguments: {query: same}}]\n"
                            .repeat(8);
    private static final String AGENTS =
            "[{\"name\": \"a\", \"model\": \"script/x\", \"allowedTools\": [\"memory_*\"]}]";
    private static final String CONFIG =
            """
            prices: {script/*: {input: 1, output: 1}}
            budgets: {session: {steps: 20}}
            """;

    private RealServer server;

    @BeforeAll
    void start() throws IOException {
        server = RealServer.scripted(SCRIPT, AGENTS, CONFIG);
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "search, --max-usd, 0.000001, 'The turn stopped: budget', of 0.000001 usd",
        "search, --max-tokens, 1, 'The turn stopped: budget', of 1 tokens",
        "think, --max-minutes, 0.005, 'The turn stopped: budget', of 0.005 minutes",
        "search, --max-steps, 1, 'The turn stopped: max_steps', max_steps",
        "circle, --max-steps, 20, 'The turn stopped: stuck', went in circles (same_call)"
    })
    void aTurnThatIsStoppedFails(
            String task, String option, String limit, String stopped, String why)
            throws IOException {
        Shown run = Shown.of(server, "run", task, option, limit);
        assertThat(run.text()).contains(stopped, why);
        assertThat(run.code()).isEqualTo(1);

        Shown json = Shown.of(server, "run", task, option, limit, "--json");
        assertThat(json.text()).contains("\"type\":\"turn.completed\"", "\"stop_reason\":");
        assertThat(json.code()).isEqualTo(1);
        assertThat(Shown.of(server, "sessions").text()).contains("failed");
    }

    @Test
    void aTurnWithinItsLimitsSucceeds() throws IOException {
        Shown run =
                Shown.of(
                        server,
                        "run",
                        "search",
                        "--max-usd",
                        "1",
                        "--max-tokens",
                        "100000",
                        "--max-minutes",
                        "5",
                        "--max-steps",
                        "3");
        assertThat(run.text()).contains("Nothing is known.");
        assertThat(run.code()).isZero();
    }

    @Test
    void limitsThatMakeNoSenseAreRefused() throws IOException {
        Shown nothing = Shown.of(server, "run", "search", "--max-usd", "0");
        assertThat(nothing.text()).contains("usd must be above 0");
        assertThat(nothing.code()).isEqualTo(1);
        Shown words = Shown.of(server, "run", "search", "--max-steps", "few");
        assertThat(words.text()).contains("--max-steps");
        assertThat(words.code()).isEqualTo(2);
    }

    @Test
    void whereTheSessionsBudgetIsSpentNothingIsRun() throws IOException {
        String session = server.client().sessions().create(SessionRequest.of("a")).id();
        Shown last = Shown.of(server, "run", "search", "--session", session);
        while (last.code() == 0) {
            last = Shown.of(server, "run", "search", "--session", session);
        }
        assertThat(last.text()).contains("The turn stopped: budget", "this session");
        Shown next = Shown.of(server, "run", "search", "--session", session);
        assertThat(next.text()).contains("budget of this session is spent: 20 of 20 steps");
        assertThat(next.code()).isEqualTo(1);
    }
}
