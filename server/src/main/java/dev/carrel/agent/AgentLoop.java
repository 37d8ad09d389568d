package dev.carrel.agent;

import dev.carrel.agent.Conversation.OpenCall;
import dev.carrel.model.Cancellation;
import dev.carrel.model.Models;
import dev.carrel.tool.Tool;
import java.util.List;

/// Runs one turn to its stop reason, or continues one that a crash cut short: what comes next
/// always follows from the journal alone, so there is no separate path for recovery.
public final class AgentLoop {
    private final Guards guards;
    private final Journal journal;
    private final ModelStep model;
    private final Toolbox toolbox;
    private final ApprovalGate gate;
    private final CallRunner calls;
    private final Checkpoints checkpoints;
    private final Cancellation cancellation;

    public AgentLoop(
            AgentDefinition agent,
            Models models,
            List<Tool> tools,
            Journal journal,
            Workspace workspace,
            Cancellation cancellation) {
        this.guards = new Guards(agent, journal);
        this.journal = journal;
        this.toolbox = new Toolbox(agent.allowedTools(), tools);
        this.gate = new ApprovalGate(agent.approve());
        this.model = new ModelStep(agent, models, toolbox, guards, journal, cancellation);
        this.calls = new CallRunner(workspace::context, guards, cancellation);
        this.checkpoints = new Checkpoints(workspace, toolbox);
        this.cancellation = cancellation;
    }

    /// Runs until the turn's last entry, `TurnCompleted`, is in the journal; does nothing when it
    /// is there already. Returns before that when all that is left to do waits for somebody's word,
    /// and the turn was given back until then. Everything that goes wrong with a model or a tool is
    /// in that entry; exceptions are the journal's own (the turn belongs to someone else now, the
    /// disk is full) and leave the turn open. So does an interrupt of the thread, which leaves
    /// running commands alone and comes out as [Cancellation.CancelledException]: the next loop
    /// goes on from there.
    public void run() {
        var turn = new Turn(journal);
        if (turn.state().turnRunning() && turn.state().callUncounted()) {
            model.countLost(turn); // also when the turn is to be stopped
        }
        while (turn.state().turnRunning()) {
            stopIfInterrupted();
            if (!cancellation.isCancelled()) {
                checkpoints.keep(turn);
            }
            Conversation state = turn.state();
            List<OpenCall> open = state.openCalls();
            List<PlannedCall> ours = planned(state, open);
            List<PlannedCall.Ready> next = PlannedCall.firstBatch(ours);
            if (cancellation.isCancelled()) {
                calls.close(turn, ours);
                checkpoints.keep(turn);
                turn.complete(StopReason.INTERRUPTED);
            } else if (!ours.isEmpty() && guards.isTimeOver(state)) {
                calls.closeForTime(turn, ours);
            } else if (!next.isEmpty()) {
                ApprovalGate.ask(turn, ours);
                calls.run(turn, next);
            } else if (!ours.isEmpty()) {
                // A word may have come with what was asked: then there is something to do.
                if (!ApprovalGate.ask(turn, ours) && turn.rest()) {
                    return;
                }
            } else if (!open.isEmpty()) {
                turn.complete(StopReason.TOOL_CALLS);
            } else if (state.answered()) {
                turn.append(guards.lastWord(state));
            } else {
                guards.instead(state).ifPresentOrElse(turn::append, () -> model.run(turn));
            }
        }
    }

    private List<PlannedCall> planned(Conversation state, List<OpenCall> open) {
        return gate.judge(toolbox.plan(open, state.callerTools()), state.approvals());
    }

    static void stopIfInterrupted() {
        if (Thread.currentThread().isInterrupted()) {
            throw new Cancellation.CancelledException();
        }
    }
}
