package dev.carrel.agent;

import dev.carrel.tool.ApprovalPattern;
import dev.carrel.tool.ToolResult;
import dev.carrel.tool.ToolStatus;
import java.util.List;
import java.util.Optional;

/// Holds back calls that need somebody's word until it is there.
final class ApprovalGate {
    private final List<ApprovalPattern> patterns;

    /// What is no pattern is an error of whoever has read the definition.
    ApprovalGate(List<String> patterns) {
        this.patterns =
                patterns.stream().map(text -> ApprovalPattern.parse(text).orElseThrow()).toList();
    }

    /// The plan with calls held back that wait, and those answered that were denied. A call that an
    /// earlier loop has started was allowed then.
    List<PlannedCall> judge(List<PlannedCall> plan, Approvals known) {
        return patterns.isEmpty()
                ? plan
                : plan.stream()
                        .map(call ->
                                call instanceof PlannedCall.Run run && !run.started()
                                        ? judge(run, known)
                                        : call)
                        .toList();
    }

    private PlannedCall judge(PlannedCall.Run run, Approvals known) {
        Optional<Event.ApprovalDecided> said = known.decision(run.call().id());
        if (said.isPresent()) {
            return said.get().allowed()
                    ? run
                    : new PlannedCall.Answer(run.call(), denial(said.get()));
        }
        return patterns.stream()
                .filter(pattern -> !known.isGranted(run.call().name(), pattern.toString()))
                .filter(pattern ->
                        pattern.matches(
                                run.tool().spec(), run.arguments(), WorkspaceSettings.DIRECTORY))
                .findFirst()
                .<PlannedCall>map(pattern -> new PlannedCall.Held(run, pattern.toString()))
                .orElse(run);
    }

    private static ToolResult denial(Event.ApprovalDecided decision) {
        return new ToolResult(
                ToolStatus.DENIED,
                "denied by the user; it was not run"
                        + (decision.reason().isBlank()
                                ? ""
                                : ". The reason: " + decision.reason().strip()));
    }

    /// Asks for all that are held back, each once. False when all were asked for before.
    static boolean ask(Turn turn, List<PlannedCall> plan) {
        boolean asked = false;
        for (PlannedCall planned : plan) {
            if (planned instanceof PlannedCall.Held held
                    && !turn.state().approvals().isWaiting(held.call().id())) {
                turn.append(
                        new Event.ApprovalRequested(
                                held.call().id(),
                                held.call().name(),
                                held.call().arguments(),
                                held.pattern()));
                asked = true;
            }
        }
        return asked;
    }
}
