package dev.carrel.cli;

import dev.carrel.wire.Listing;
import dev.carrel.wire.SessionInfo;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Lists sessions.
@Command(
        name = "sessions",
        description = "List the sessions, newest first.",
        mixinStandardHelpOptions = true)
final class SessionsCommand implements Callable<Integer> {
    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Option(names = "--limit", description = "How many. Default: ${DEFAULT-VALUE}")
    private int limit = 20;

    @Override
    public Integer call() {
        Listing<SessionInfo> sessions = server.client().sessions().list(limit, Optional.empty());
        var text = new StringBuilder();
        for (SessionInfo session : sessions.data()) {
            text.append(
                    "%-26s %-8s %-16s %6d events  %s%n"
                            .formatted(
                                    session.id(),
                                    session.state(),
                                    session.agent(),
                                    session.lastEvent(),
                                    session.updatedAt()));
        }
        if (sessions.data().isEmpty()) {
            text.append("No sessions yet. Start one with: carrel run \"…\"");
        } else if (sessions.nextCursor().isPresent()) {
            text.append("There are more: --limit");
        }
        output.print(sessions, text.toString().stripTrailing());
        return 0;
    }
}
