package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.ApprovalInfo;
import dev.carrel.wire.ApprovalRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What somebody says about calls that wait for it.
final class ApprovalCommands {
    private ApprovalCommands() {}

    /// Lets a call run.
    @Command(
            name = "approve",
            description = "Let a tool call run that waits for approval.",
            mixinStandardHelpOptions = true)
    static final class Approve implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();
        @Mixin private Which which = new Which();

        @Option(
                names = "--for-session",
                description = "Do not ask for this tool and pattern again in this session.")
        private boolean forSession;

        @Override
        public Integer call() {
            var allow = forSession ? ApprovalRequest.allowForSession() : ApprovalRequest.allow();
            String call = which.decide(server.client(), allow);
            output.print(allow, "Call " + call + " is allowed");
            return 0;
        }
    }

    /// Refuses a call.
    @Command(
            name = "deny",
            description = "Refuse a tool call that waits for approval; the agent goes on.",
            mixinStandardHelpOptions = true)
    static final class Deny implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();
        @Mixin private Which which = new Which();

        @Option(names = "--reason", description = "Why; the model sees it.")
        private Optional<String> reason = Optional.empty();

        @Override
        public Integer call() {
            ApprovalRequest deny = ApprovalRequest.deny(reason);
            output.print(deny, "Call " + which.decide(server.client(), deny) + " is denied");
            return 0;
        }
    }

    /// The call that is meant.
    static final class Which {
        @Parameters(index = "0", paramLabel = "SESSION", description = "The session's id.")
        private String session = "";

        @Parameters(
                index = "1",
                arity = "0..1",
                paramLabel = "CALL",
                description = "The call's id. Default: the only one that waits.")
        private Optional<String> call = Optional.empty();

        /// Returns the call's id.
        String decide(CarrelClient client, ApprovalRequest decision) {
            String id = call.orElseGet(() -> onlyCall(client));
            client.sessions().decide(session, id, decision);
            return id;
        }

        private String onlyCall(CarrelClient client) {
            List<ApprovalInfo> waiting = client.sessions().get(session).approvals();
            if (waiting.size() == 1) {
                return waiting.getFirst().call();
            }
            throw new CarrelException(
                    ErrorCode.APPROVAL_NOT_FOUND,
                    waiting.isEmpty()
                            ? "no call of session " + session + " waits for approval"
                            : "say which call:\n" + String.join("\n", lines(waiting)));
        }
    }

    /// What waits, a line each.
    static List<String> lines(List<ApprovalInfo> waiting) {
        return waiting.stream()
                .map(call ->
                        "  %s  %s %s  (%s)"
                                .formatted(
                                        call.call(), call.tool(), call.arguments(), call.pattern()))
                .toList();
    }
}
