package dev.carrel.tool;

import dev.carrel.model.Cancellation.CancelledException;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.Execution.OutputListener;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;

/// Runs the one command of a tool call.
final class Commands {
    private Commands() {}

    /// Waits for its end; a cancelled call kills it, an interrupted thread leaves it alone.
    static ExecutionResult run(
            ToolContext context, ExecutionRequest request, OutputListener output) {
        Execution execution = context.execute(request);
        try (var _ = context.cancellation().onCancel(execution::kill)) {
            return execution.follow(output);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancelledException();
        }
    }
}
