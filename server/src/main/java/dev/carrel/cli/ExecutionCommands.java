package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.ExecutionSummary;
import dev.carrel.wire.Listing;
import dev.carrel.wire.Signal;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The commands that were started in a sandbox.
final class ExecutionCommands {
    private ExecutionCommands() {}

    /// Lists them.
    @Command(
            name = "ps",
            description = "List the commands of a sandbox, newest first.",
            mixinStandardHelpOptions = true)
    static final class Ps implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(index = "0", paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Option(names = "--limit", description = "How many. Default: ${DEFAULT-VALUE}")
        private int limit = 50;

        @Override
        public Integer call() {
            Listing<ExecutionSummary> list =
                    server.client().executions().list(sandbox, limit, Optional.empty());
            var text = new StringBuilder();
            for (ExecutionSummary one : list.data()) {
                text.append(
                        "%-36s %-13s %4s  %s  %s%n"
                                .formatted(
                                        one.id(),
                                        one.terminal() ? one.status() + " tty" : one.status(),
                                        one.exitCode().map(String::valueOf).orElse("-"),
                                        one.startedAt(),
                                        String.join(" ", one.command()).replaceAll("\\s+", " ")));
            }
            output.print(list, text.isEmpty() ? "No commands." : text.toString().stripTrailing());
            return 0;
        }
    }

    /// Shows what one wrote.
    @Command(
            name = "logs",
            description = "Show what a command has written; with -f, until it ends.",
            mixinStandardHelpOptions = true)
    static final class Logs implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(index = "0", paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Parameters(index = "1", paramLabel = "EXECUTION", description = "The command's id.")
        private String execution = "";

        @Option(names = "-f", description = "Follow it to its end, and exit as it does.")
        private boolean follow;

        @Override
        public Integer call() {
            CarrelClient client = server.client();
            if (follow && !output.json()) {
                ExecutionInfo end =
                        client.executions()
                                .follow(sandbox, execution, 0, 0, SandboxCommand.Exec::show);
                return end.exitCode().orElse(1);
            }
            ExecutionInfo info = client.sandboxes().execution(sandbox, execution);
            if (output.json()) {
                output.print(info, "");
            } else {
                SandboxCommand.Exec.show("stdout", info.stdout());
                SandboxCommand.Exec.show("stderr", info.stderr());
            }
            return 0;
        }
    }

    /// Ends one, or all.
    @Command(
            name = "kill",
            description = "Send a signal to a command, or kill everything in a sandbox.",
            mixinStandardHelpOptions = true)
    static final class Kill implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(index = "0", paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Parameters(
                index = "1",
                arity = "0..1",
                paramLabel = "EXECUTION",
                description = "The command's id; without one, everything.")
        private Optional<String> execution = Optional.empty();

        @Option(names = "--signal", description = "A name or number. Default: KILL")
        private String signal = "KILL";

        @Override
        public Integer call() {
            CarrelClient client = server.client();
            if (execution.isPresent()) {
                client.executions().kill(sandbox, execution.get(), Signal.of(signal));
            } else {
                client.executions().killAll(sandbox);
            }
            output.print(Map.of("signalled", execution.orElse(sandbox)), "Done.");
            return 0;
        }
    }
}
