package dev.carrel.cli;

import dev.carrel.wire.DiffInfo;
import dev.carrel.wire.RewindRequest;
import dev.carrel.wire.SessionForkRequest;
import dev.carrel.wire.SessionInfo;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Going back in the time of a session. Entries are known by their numbers: see `carrel logs`.
final class TravelCommands {
    private TravelCommands() {}

    /// Begins a session with the past of another.
    @Command(
            name = "fork",
            description = "Begin a session with the past of another, and print its id.",
            mixinStandardHelpOptions = true)
    static final class Fork implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(paramLabel = "SESSION", description = "The session.")
        private String session = "";

        @Option(names = "--at", description = "The last entry to take. Default: all of them.")
        private Optional<Long> at = Optional.empty();

        @Option(names = "--without-files", description = "Take the conversation alone.")
        private boolean withoutFiles;

        @Override
        public Integer call() {
            var request = new SessionForkRequest(at, Optional.empty());
            SessionInfo fork =
                    server.client()
                            .sessions()
                            .fork(session, withoutFiles ? request.withoutFiles() : request);
            output.print(fork, fork.id());
            return 0;
        }
    }

    /// Goes back to an earlier entry.
    @Command(
            name = "rewind",
            description = "Make a session what it was after an earlier entry, files included.",
            mixinStandardHelpOptions = true)
    static final class Rewind implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(index = "0", paramLabel = "SESSION", description = "The session.")
        private String session = "";

        @Parameters(index = "1", paramLabel = "ENTRY", description = "The entry's number.")
        private long to;

        @Option(names = "--without-files", description = "Leave the files as they are.")
        private boolean withoutFiles;

        @Override
        public Integer call() {
            RewindRequest request = RewindRequest.to(to);
            SessionInfo rewound =
                    server.client()
                            .sessions()
                            .rewind(session, withoutFiles ? request.withoutFiles() : request);
            output.print(rewound, "%s is what it was after entry %d".formatted(session, to));
            return 0;
        }
    }

    /// Shows what a session has done to its files.
    @Command(
            name = "diff",
            description = {
                "Print what differs between the files of a session at two entries, as a patch.",
                "Apply it with: git apply"
            },
            mixinStandardHelpOptions = true)
    static final class Diff implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(paramLabel = "SESSION", description = "The session.")
        private String session = "";

        @Option(names = "--from", description = "The one entry. Default: ${DEFAULT-VALUE}")
        private long from = 1;

        @Option(names = "--to", description = "The other one. Default: now.")
        private Optional<Long> to = Optional.empty();

        @Override
        public Integer call() {
            DiffInfo diff = server.client().sessions().diff(session, from, to);
            output.print(diff, diff.patch().replaceFirst("\n$", ""));
            if (diff.truncated()) {
                System.err.println("There is more: the patch has reached its limit.");
            }
            return 0;
        }
    }
}
