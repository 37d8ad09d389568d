package dev.carrel.cli;

import dev.carrel.wire.SandboxInfo;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Lets sandboxes sleep, and wakes them.
final class PauseCommands {
    private PauseCommands() {}

    /// Freezes some.
    @Command(
            name = "pause",
            description =
                    "Freeze what runs in sandboxes, in memory or on disk; any use resumes it.",
            mixinStandardHelpOptions = true)
    static final class Pause implements Callable<Integer> {
        @Mixin private Each each = new Each();

        @Option(
                names = "--to-disk",
                description = "Save the memory to disk and stop; for isolation gvisor.")
        private boolean toDisk;

        @Override
        public Integer call() {
            var calls = each.server.client().sandboxes();
            return each.run(toDisk ? calls::pauseToDisk : calls::pause);
        }
    }

    /// Makes some run.
    @Command(
            name = "resume",
            description = "Make paused or stopped sandboxes run.",
            mixinStandardHelpOptions = true)
    static final class Resume implements Callable<Integer> {
        @Mixin private Each each = new Each();

        @Override
        public Integer call() {
            var calls = each.server.client().sandboxes();
            return each.run(calls::resume);
        }
    }

    /// Turns a sandbox into what became of it.
    @FunctionalInterface
    interface Call {
        SandboxInfo on(String sandbox);
    }

    /// The sandboxes that a command is about.
    static final class Each {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(arity = "1..*", paramLabel = "SANDBOX", description = "Ids.")
        private List<String> sandboxes = List.of();

        private int run(Call call) {
            List<SandboxInfo> all = sandboxes.stream().map(call::on).toList();
            var text = new StringBuilder();
            all.forEach(info -> text.append("%s %s%n".formatted(info.id(), info.state())));
            output.print(all, text.toString().stripTrailing());
            return 0;
        }
    }
}
