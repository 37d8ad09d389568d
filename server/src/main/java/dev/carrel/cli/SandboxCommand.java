package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.Listing;
import dev.carrel.wire.ResourceLimits;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Sandboxes by themselves.
@Command(
        name = "sandbox",
        description = "Make and use sandboxes.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            SandboxCommand.Create.class,
            SandboxCommand.Ls.class,
            SandboxCommand.Exec.class,
            CopyCommand.class,
            ShellCommand.class,
            ExecutionCommands.Ps.class,
            ExecutionCommands.Logs.class,
            ExecutionCommands.Kill.class,
            PortsCommand.class,
            PreviewCommand.class,
            LookCommands.Network.class,
            LookCommands.Metrics.class,
            LookCommands.Watch.class,
            SnapshotCommands.Take.class,
            SnapshotCommands.Restore.class,
            SnapshotCommands.Fork.class,
            PauseCommands.Pause.class,
            PauseCommands.Resume.class,
            SandboxCommand.Rm.class
        })
final class SandboxCommand {
    /// Makes one.
    @Command(
            name = "create",
            description = "Make a sandbox and print its id.",
            mixinStandardHelpOptions = true)
    static final class Create implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();
        @Mixin private NetworkOptions network = new NetworkOptions();

        @Option(names = "--name", description = "A name of your choice.")
        private Optional<String> name = Optional.empty();

        @Option(names = "--image", description = "The image. Default: coding")
        private Optional<String> image = Optional.empty();

        @Option(names = "--snapshot", description = "Start with the files of this snapshot.")
        private Optional<String> snapshot = Optional.empty();

        @Option(names = "--cpus", description = "Processors. Default: 2")
        private Optional<Double> cpus = Optional.empty();

        @Option(names = "--memory-mb", description = "Memory. Default: 2048")
        private Optional<Integer> memoryMb = Optional.empty();

        @Option(names = "--disk-mb", description = "Disk. Default: 10240")
        private Optional<Integer> diskMb = Optional.empty();

        @Option(names = "--isolation", description = "container or gvisor. Default: the server's")
        private Optional<String> isolation = Optional.empty();

        @Option(names = "--ttl-seconds", description = "Delete it after this long.")
        private OptionalLong ttlSeconds = OptionalLong.empty();

        @Option(names = "--env", paramLabel = "NAME=VALUE", description = "Environment variable.")
        private Map<String, String> env = Map.of();

        @Override
        public Integer call() {
            var request = SandboxRequest.builder().env(env);
            name.ifPresent(request::name);
            image.ifPresent(request::image);
            snapshot.ifPresent(request::snapshot);
            ttlSeconds.ifPresent(request::ttlSeconds);
            request.resources(new ResourceLimits(cpus, memoryMb, diskMb));
            isolation.ifPresent(request::isolation);
            network.rules().ifPresent(request::network);
            SandboxInfo made = server.client().sandboxes().create(request.build());
            output.print(made, made.id());
            return 0;
        }
    }

    /// Lists them.
    @Command(
            name = "ls",
            description = "List the sandboxes, newest first.",
            mixinStandardHelpOptions = true)
    static final class Ls implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Option(names = "--limit", description = "How many. Default: ${DEFAULT-VALUE}")
        private int limit = 50;

        @Override
        public Integer call() {
            Listing<SandboxInfo> list = server.client().sandboxes().list(limit, Optional.empty());
            var text = new StringBuilder();
            for (SandboxInfo sandbox : list.data()) {
                text.append(
                        "%-26s %-8s %-12s %s  %s%n"
                                .formatted(
                                        sandbox.id(),
                                        sandbox.state(),
                                        sandbox.image(),
                                        sandbox.createdAt(),
                                        sandbox.name().orElse("")));
            }
            output.print(list, text.isEmpty() ? "No sandboxes." : text.toString().stripTrailing());
            return 0;
        }
    }

    /// Runs a command in one; exits as it does.
    @Command(
            name = "exec",
            description = "Run a command in a sandbox, show its output and exit with its code.",
            mixinStandardHelpOptions = true)
    static final class Exec implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();
        @Mixin private CommandOptions options = new CommandOptions();

        @Option(
                names = {"-d", "--background"},
                description = "Print its id at once; see ps, logs and kill.")
        private boolean background;

        @Option(
                names = {"-i", "--stdin"},
                negatable = true,
                description = "Pass our standard input on; the default unless it is a terminal.")
        private boolean stdin = Boolean.getBoolean("carrel.stdin");

        @Option(names = "--timeout-seconds", description = "Kill it after this long. Default: 60")
        private Optional<Double> timeoutSeconds = Optional.empty();

        @Parameters(index = "0", paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Parameters(
                index = "1..*",
                arity = "1..*",
                paramLabel = "COMMAND",
                description =
                        "One word is a line for the shell, several are a program and its"
                                + " arguments.")
        private List<String> command = List.of();

        @Override
        public Integer call() {
            ExecuteRequest request = ExecuteRequest.of(words()).withEnv(options.env());
            request = options.cwd().map(request::in).orElse(request);
            request = timeoutSeconds.map(request::withTimeoutSeconds).orElse(request);
            request = options.user().map(request::as).orElse(request);
            CarrelClient client = server.client();
            if (background) {
                ExecutionInfo begun = client.sandboxes().execute(sandbox, request.inBackground());
                output.print(begun, begun.id());
                return 0;
            }
            ExecutionInfo result = run(client, request);
            if (output.json()) {
                output.print(result, "");
            } else if (!result.status().equals("completed")) {
                System.err.println("carrel: the command was " + result.status());
            }
            return result.exitCode().orElse(1);
        }

        private ExecutionInfo run(CarrelClient client, ExecuteRequest request) {
            if (stdin) {
                return new PipedExec(client, sandbox, System.in)
                        .run(request, output.json() ? (stream, text) -> {} : Exec::show);
            }
            return output.json()
                    ? client.sandboxes().execute(sandbox, request)
                    : client.sandboxes().execute(sandbox, request, Exec::show);
        }

        private dev.carrel.wire.Command words() {
            List<String> words = CommandOptions.words(command);
            return words.size() == 1
                    ? dev.carrel.wire.Command.line(words.getFirst())
                    : dev.carrel.wire.Command.of(words);
        }

        static void show(String stream, String text) {
            var target = stream.equals("stderr") ? System.err : System.out;
            target.print(text);
            target.flush();
        }
    }

    /// Removes some.
    @Command(
            name = "rm",
            description = "Delete sandboxes with all their files.",
            mixinStandardHelpOptions = true)
    static final class Rm implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(arity = "1..*", paramLabel = "SANDBOX", description = "Ids.")
        private List<String> sandboxes = List.of();

        @Override
        public Integer call() {
            CarrelClient client = server.client();
            sandboxes.forEach(id -> client.sandboxes().delete(id));
            output.print(Map.of("deleted", sandboxes), "Deleted " + String.join(", ", sandboxes));
            return 0;
        }
    }
}
