package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.wire.ForkRequest;
import dev.carrel.wire.Listing;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SnapshotInfo;
import dev.carrel.wire.SnapshotRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What is done with the saved files of sandboxes.
final class SnapshotCommands {
    private SnapshotCommands() {}

    /// Saves the files of a sandbox.
    @Command(
            name = "snapshot",
            description = "Save the files of a sandbox and print the snapshot's id.",
            mixinStandardHelpOptions = true)
    static final class Take implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Option(names = "--name", description = "A name of your choice.")
        private Optional<String> name = Optional.empty();

        @Parameters(paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Override
        public Integer call() {
            SnapshotInfo taken =
                    server.client().snapshots().take(sandbox, new SnapshotRequest(name, Map.of()));
            output.print(taken, taken.id());
            return 0;
        }
    }

    /// Puts saved files back.
    @Command(
            name = "restore",
            description = "Give a sandbox the files of a snapshot; what runs in it ends.",
            mixinStandardHelpOptions = true)
    static final class Restore implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(index = "0", paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Parameters(index = "1", paramLabel = "SNAPSHOT", description = "The snapshot's id.")
        private String snapshot = "";

        @Override
        public Integer call() {
            SandboxInfo restored = server.client().snapshots().restore(sandbox, snapshot);
            output.print(restored, "Restored " + restored.id());
            return 0;
        }
    }

    /// Makes sandboxes from one.
    @Command(
            name = "fork",
            description = "Make sandboxes with the files of one, and print their ids.",
            mixinStandardHelpOptions = true)
    static final class Fork implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Option(names = "--count", description = "How many. Default: ${DEFAULT-VALUE}")
        private int count = 1;

        @Option(names = "--name", description = "A name of your choice.")
        private Optional<String> name = Optional.empty();

        @Parameters(paramLabel = "SANDBOX", description = "The sandbox's id.")
        private String sandbox = "";

        @Override
        public Integer call() {
            var request = new ForkRequest(Optional.of(count), name, Map.of());
            List<SandboxInfo> forks = server.client().snapshots().fork(sandbox, request);
            output.print(
                    forks, forks.stream().map(SandboxInfo::id).collect(Collectors.joining("\n")));
            return 0;
        }
    }

    /// Snapshots by themselves.
    @Command(
            name = "snapshots",
            description = "List and delete the saved files of sandboxes.",
            mixinStandardHelpOptions = true,
            synopsisSubcommandLabel = "COMMAND",
            subcommands = {Ls.class, Rm.class})
    static final class All {}

    /// Lists them.
    @Command(
            name = "ls",
            description = "List the snapshots, newest first.",
            mixinStandardHelpOptions = true)
    static final class Ls implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Option(names = "--sandbox", description = "Only those of this sandbox.")
        private Optional<String> sandbox = Optional.empty();

        @Option(names = "--limit", description = "How many. Default: ${DEFAULT-VALUE}")
        private int limit = 50;

        @Override
        public Integer call() {
            Listing<SnapshotInfo> list =
                    server.client().snapshots().list(sandbox, limit, Optional.empty());
            String text =
                    list.data().stream()
                            .map(Ls::line)
                            .collect(Collectors.joining(System.lineSeparator()));
            output.print(list, text.isEmpty() ? "No snapshots." : text);
            return 0;
        }

        private static String line(SnapshotInfo snapshot) {
            return "%-26s %-26s %6d MiB  %s  %s"
                    .formatted(
                            snapshot.id(),
                            snapshot.sandbox(),
                            snapshot.sizeMb(),
                            snapshot.createdAt(),
                            snapshot.name().orElse(""))
                    .stripTrailing();
        }
    }

    /// Deletes some.
    @Command(
            name = "rm",
            description = "Delete snapshots; sandboxes made from them stay.",
            mixinStandardHelpOptions = true)
    static final class Rm implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(arity = "1..*", paramLabel = "SNAPSHOT", description = "Ids.")
        private List<String> snapshots = List.of();

        @Override
        public Integer call() {
            CarrelClient client = server.client();
            snapshots.forEach(id -> client.snapshots().delete(id));
            output.print(Map.of("deleted", snapshots), "Deleted " + String.join(", ", snapshots));
            return 0;
        }
    }
}
