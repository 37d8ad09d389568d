package dev.carrel.cli;

import dev.carrel.client.FileEvents;
import dev.carrel.wire.FileEventInfo;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxMetrics;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What a sandbox uses, what happens in it, and what it may reach.
final class LookCommands {
    private static final String UNKNOWN = "?";

    private LookCommands() {}

    /// What it uses.
    @Command(
            name = "metrics",
            description = "Show what a sandbox uses now, without waking it.",
            mixinStandardHelpOptions = true)
    static final class Metrics implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Override
        public Integer call() {
            SandboxMetrics metrics = server.client().sandboxes().metrics(sandbox);
            output.print(metrics, shown(metrics));
            return 0;
        }

        private static String shown(SandboxMetrics metrics) {
            return String.join(
                    "\n",
                    "state      " + metrics.state(),
                    String.format(
                            Locale.ROOT,
                            "cpu        %.2f of %.2f, %.1f s since its start",
                            metrics.cpu().share(),
                            metrics.cpu().limit(),
                            metrics.cpu().seconds()),
                    "memory     "
                            + mib(metrics.memory().usedBytes())
                            + " of "
                            + mib(Optional.of(metrics.memory().limitBytes()))
                            + ", at most "
                            + mib(metrics.memory().peakBytes()),
                    "disk       "
                            + mib(metrics.disk().usedBytes())
                            + " of "
                            + mib(Optional.of(metrics.disk().limitBytes())),
                    "processes  "
                            + metrics.processes().count().map(String::valueOf).orElse(UNKNOWN)
                            + " of "
                            + metrics.processes().max(),
                    "network    "
                            + mib(metrics.network().receivedBytes())
                            + " in, "
                            + mib(metrics.network().sentBytes())
                            + " out",
                    "listening  " + metrics.listening().map(Metrics::ports).orElse(UNKNOWN));
        }

        private static String ports(List<Integer> ports) {
            return ports.isEmpty()
                    ? "none"
                    : ports.stream().map(String::valueOf).collect(Collectors.joining(", "));
        }

        private static String mib(Optional<Long> bytes) {
            return bytes.map(count -> String.format(Locale.ROOT, "%.1f MiB", count / 1048576.0))
                    .orElse(UNKNOWN);
        }
    }

    /// What happens to its files.
    @Command(
            name = "watch",
            description = "Show what happens to the files of a directory, until interrupted.",
            mixinStandardHelpOptions = true)
    static final class Watch implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Option(
                names = {"-r", "--recursive"},
                description = "All directories below, too.")
        private boolean recursive;

        @Parameters(index = "0", paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Parameters(
                index = "1",
                arity = "0..1",
                paramLabel = "DIRECTORY",
                defaultValue = "/workspace",
                description = "Default: ${DEFAULT-VALUE}")
        private String directory = "/workspace";

        /// Fails when the watch ends by itself: there is nothing to be seen any more.
        @Override
        public Integer call() {
            try (FileEvents events =
                    server.client().sandboxes().watch(sandbox, directory, recursive)) {
                for (Optional<FileEventInfo> event = events.next();
                        event.isPresent();
                        event = events.next()) {
                    output.print(event.get(), shown(event.get()));
                }
            }
            return 1;
        }

        private static String shown(FileEventInfo event) {
            String what =
                    event.path()
                            .or(event::reason)
                            .orElseGet(
                                    () -> event.from().orElse("") + " -> " + event.to().orElse(""));
            String slash = event.directory().orElse(false) ? "/" : "";
            return "%-10s %s%s".formatted(event.kind(), what, slash);
        }
    }

    /// What it may reach.
    @Command(
            name = "network",
            description = "Show what a sandbox may reach, or with options put new rules in place.",
            mixinStandardHelpOptions = true)
    static final class Network implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();
        @Mixin private NetworkOptions network = new NetworkOptions();

        @Option(names = "--open", description = "No rules: all of the internet.")
        private boolean open;

        @Parameters(paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Override
        public Integer call() {
            Optional<NetworkRules> rules = network.rules();
            if (open && rules.isPresent()) {
                throw new IllegalArgumentException("--open goes with no other rule");
            }
            if (open) {
                rules = Optional.of(NetworkRules.ofInternet(true));
            }
            var calls = server.client().sandboxes();
            SandboxInfo info =
                    rules.isPresent()
                            ? calls.change(sandbox, SandboxChange.NONE.withNetwork(rules.get()))
                            : calls.get(sandbox);
            output.print(info.network(), NetworkOptions.shown(info.network()));
            return 0;
        }
    }
}
