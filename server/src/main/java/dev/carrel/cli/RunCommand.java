package dev.carrel.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.AgentInfo;
import dev.carrel.wire.SessionRequest;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Runs one turn and shows it live.
@Command(
        name = "run",
        description = {
            "Give an agent a task and show each step as it happens.",
            "The turn goes on if this command is ended; follow it with: carrel logs -f SESSION"
        },
        mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Parameters(paramLabel = "TASK", description = "What to do.")
    private String task = "";

    @Option(names = "--agent", description = "The agent. Default: the only one that is deployed.")
    private Optional<String> agent = Optional.empty();

    @Option(names = "--session", description = "Continue this session.")
    private Optional<String> session = Optional.empty();

    @Option(names = "--user", description = "The end user that a new session is for.")
    private Optional<String> user = Optional.empty();

    @Option(names = "--sandbox", description = "Let a new session work in this sandbox.")
    private Optional<String> sandbox = Optional.empty();

    @Mixin private BudgetOptions budget = new BudgetOptions();

    @Override
    public Integer call() {
        if (task.isBlank()) {
            throw new IllegalArgumentException("TASK must say something");
        }
        CarrelClient client = server.client();
        String id = session.orElseGet(() -> begin(client));
        Terminal terminal = output.terminal();
        var printer = new TurnPrinter(terminal);
        Consumer<SessionEvent> watcher =
                output.json()
                        ? event -> output.print(event.json(), "")
                        : event -> printer.show(event.json());
        var approver = new Approver(client, id, terminal, Terminal.onTerminal() && !output.json());
        SessionEvent completed;
        try {
            completed = Turns.run(client, id, budget.message(task), watcher.andThen(approver::on));
        } catch (Approver.UnansweredException e) {
            return waits(client, id);
        }
        if (!output.json()) {
            JsonNode usage = completed.json().path("usage");
            Optional<BigDecimal> usd =
                    Optional.of(usage.path("cost_usd"))
                            .filter(JsonNode::isNumber)
                            .map(JsonNode::decimalValue);
            terminal.line(Terminal.Style.DIM, "session " + id + "  " + Costs.text(usd));
        }
        return Turns.succeeded(completed) ? 0 : 1;
    }

    private static int waits(CarrelClient client, String id) {
        System.err.println("carrel: the turn waits for approval:");
        ApprovalCommands.lines(client.sessions().get(id).approvals()).forEach(System.err::println);
        System.err.println(
                "Decide with: carrel sessions approve|deny "
                        + id
                        + " CALL\nand follow it with: carrel logs -f "
                        + id);
        return Main.AWAITS_APPROVAL;
    }

    private String begin(CarrelClient client) {
        String name = agent.orElseGet(() -> onlyAgent(client));
        return client.sessions().create(new SessionRequest(name, user, Map.of(), sandbox)).id();
    }

    private static String onlyAgent(CarrelClient client) {
        List<String> names = client.agents().stream().map(AgentInfo::name).toList();
        if (names.size() == 1) {
            return names.getFirst();
        }
        throw new CarrelException(
                ErrorCode.AGENT_NOT_FOUND,
                names.isEmpty()
                        ? "no agent is deployed; deploy this project's with: carrel deploy"
                        : "say which agent with --agent: " + String.join(", ", names));
    }
}
