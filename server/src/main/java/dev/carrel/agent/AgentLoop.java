package dev.carrel.agent;

import dev.carrel.model.Cancellation;
import dev.carrel.model.Models;
import dev.carrel.tool.Tool;
import dev.carrel.tool.ToolContext;
import java.util.List;
import java.util.function.Function;

/// Runs one turn to its stop reason, or continues one that a crash cut short: what comes next
/// always follows from the journal alone, so there is no separate path for recovery.
public final class AgentLoop {
    /// `contexts` gives the context of a tool call by its id.
    public AgentLoop(
            AgentDefinition agent,
            Models models,
            List<Tool> tools,
            Journal journal,
            Function<String, ToolContext> contexts,
            Cancellation cancellation) {
        throw new IllegalStateException("not built yet");
    }

    /// Runs until the turn's last entry, `TurnCompleted`, is in the journal. Everything that goes
    /// wrong with a model or a tool is in that entry; exceptions are the journal's own (the turn
    /// belongs to someone else now, the disk is full) and leave the turn open. So does an interrupt
    /// of the thread, which leaves running commands alone and comes out as
    /// [Cancellation.CancelledException]: the next loop goes on from there.
    public void run() {
        throw new IllegalStateException("not built yet");
    }
}
