package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.wire.ApprovalInfo;
import dev.carrel.wire.Listing;
import dev.carrel.wire.SessionInfo;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Lists sessions.
@Command(
        name = "sessions",
        description = "List the sessions, newest first.",
        mixinStandardHelpOptions = true,
        subcommands = {
            SteeringCommands.Send.class,
            SteeringCommands.Interrupt.class,
            SteeringCommands.Rm.class,
            ApprovalCommands.Approve.class,
            ApprovalCommands.Deny.class,
            TravelCommands.Fork.class,
            TravelCommands.Rewind.class,
            TravelCommands.Diff.class
        })
final class SessionsCommand implements Callable<Integer> {
    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Option(names = "--limit", description = "How many. Default: ${DEFAULT-VALUE}")
    private int limit = 20;

    @Override
    public Integer call() {
        CarrelClient client = server.client();
        Listing<SessionInfo> sessions = client.sessions().list(limit, Optional.empty());
        var text = new StringBuilder();
        for (SessionInfo session : sessions.data()) {
            text.append(
                    "%-26s %-17s %-16s %6d events  %9d tokens in (%s cached)  %-9s %-15s %s%n"
                            .formatted(
                                    session.id(),
                                    session.state(),
                                    session.agent(),
                                    session.lastEvent(),
                                    session.usage().inputTokens(),
                                    percent(session.usage().cacheHitRate()),
                                    Costs.text(session.usage().costUsd()),
                                    session.stopReason().orElse("-"),
                                    session.updatedAt()));
            if (!output.json() && session.state().equals("awaiting_approval")) {
                List<ApprovalInfo> waiting = client.sessions().get(session.id()).approvals();
                ApprovalCommands.lines(waiting).forEach(line -> text.append(line).append('\n'));
            }
        }
        if (sessions.data().isEmpty()) {
            text.append("No sessions yet. Start one with: carrel run \"…\"");
        } else if (sessions.nextCursor().isPresent()) {
            text.append("There are more: see them with a higher --limit");
        }
        output.print(sessions, text.toString().stripTrailing());
        return 0;
    }

    private static String percent(Optional<Double> part) {
        return part.map(some -> Math.round(some * 100) + " %").orElse("-");
    }
}
