package dev.carrel.tool;

import dev.carrel.model.Cancellation;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.SandboxFiles;

/// What a tool call may touch. The sandbox is made, or woken, at the first use.
public interface ToolContext {
    /// The files of the session's sandbox.
    SandboxFiles files();

    /// Runs a command in the session's sandbox for this tool call. A call has at most one
    /// execution, and its id follows from the call: asked again after a crash, this returns the
    /// command that already runs or has ended.
    Execution execute(ExecutionRequest request);

    /// Where relative paths start and commands run: absolute, inside the sandbox.
    String directory();

    /// What outlives the session.
    Memory memory();

    /// Shows live readers a piece of output.
    void output(String text);

    Cancellation cancellation();
}
