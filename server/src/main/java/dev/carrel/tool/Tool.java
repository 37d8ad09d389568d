package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;

/// Something a model can do in a sandbox.
public interface Tool {
    ToolSpec spec();

    /// Whether it changes nothing: such calls run in parallel, and run again after a crash.
    boolean readOnly();

    /// Whether a call that an earlier process started may simply run again: nothing happens twice,
    /// and it gives the real result.
    default boolean resumable() {
        return readOnly();
    }

    /// Runs one call and blocks until it ends. Expected failures are results with status `ERROR`,
    /// written for the model to mend; exceptions are faults of Carrel or its host. `arguments` has
    /// passed the schema of [#spec]. Once the context is cancelled it ends soon. An interrupt of
    /// the thread ends the waiting, leaves running commands alone, and comes out as
    /// [dev.carrel.model.Cancellation.CancelledException] with the thread's flag set.
    ToolResult run(ObjectNode arguments, ToolContext context);
}
