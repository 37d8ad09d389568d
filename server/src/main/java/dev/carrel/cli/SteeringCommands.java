package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.TurnInfo;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What one says to a session without waiting for its answer.
final class SteeringCommands {
    private SteeringCommands() {}

    /// Sends a message.
    @Command(
            name = "send",
            description = {
                "Send a message to a session and print the turn that sees it.",
                "While a turn runs, the message waits for it, unless an option says otherwise.",
                "Follow what comes of it with: carrel logs -f SESSION"
            },
            mixinStandardHelpOptions = true)
    static final class Send implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(index = "0", paramLabel = "SESSION", description = "The session.")
        private String session = "";

        @Parameters(index = "1", paramLabel = "MESSAGE", description = "What to say.")
        private String message = "";

        @ArgGroup private @Nullable Mode mode;

        @Mixin private BudgetOptions budget = new BudgetOptions();

        /// What becomes of a turn that runs.
        static final class Mode {
            @Option(
                    names = "--steer",
                    description = "Let the turn that runs see it at its next model call.")
            private boolean steer;

            @Option(
                    names = "--interrupt",
                    description = "End the turn that runs, and start the next one with it.")
            private boolean interrupt;
        }

        @Override
        public Integer call() {
            MessageRequest plain = budget.message(message);
            var request = new MessageRequest(plain.content(), modeName(), plain.budget());
            TurnInfo turn = server.client().sessions().send(session, request);
            output.print(turn, turn.turn());
            return 0;
        }

        private Optional<String> modeName() {
            @Nullable Mode chosen = mode;
            if (chosen == null) {
                return Optional.empty();
            } else if (chosen.steer) {
                return Optional.of("steer");
            }
            return chosen.interrupt ? Optional.of("interrupt") : Optional.empty();
        }
    }

    /// Ends the turn that runs.
    @Command(
            name = "interrupt",
            description = {
                "End the turn that a session is in. What was done stays, and the next message",
                "is taken as always."
            },
            mixinStandardHelpOptions = true)
    static final class Interrupt implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(paramLabel = "SESSION", description = "The session.")
        private String session = "";

        @Override
        public Integer call() {
            server.client().sessions().interrupt(session);
            output.print(Map.of("interrupted", session), "The turn of " + session + " ends soon");
            return 0;
        }
    }

    /// Deletes sessions.
    @Command(
            name = "rm",
            description = {
                "Delete sessions with their journals, and with the sandboxes that are theirs alone."
            },
            mixinStandardHelpOptions = true)
    static final class Rm implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(arity = "1..*", paramLabel = "SESSION", description = "Ids.")
        private List<String> sessions = List.of();

        @Override
        public Integer call() {
            CarrelClient client = server.client();
            sessions.forEach(id -> client.sessions().delete(id));
            output.print(Map.of("deleted", sessions), "Deleted " + String.join(", ", sessions));
            return 0;
        }
    }
}
