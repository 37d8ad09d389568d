package dev.carrel.cli;

import dev.carrel.wire.RewindRequest;
import dev.carrel.wire.SessionForkRequest;
import dev.carrel.wire.SessionInfo;
import java.util.Optional;
import java.util.OptionalLong;
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
            var request =
                    new SessionForkRequest(
                            at.map(OptionalLong::of).orElseGet(OptionalLong::empty),
                            Optional.empty());
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
}
