package dev.carrel.worker;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.Cancellation;
import dev.carrel.model.ToolSpec;
import dev.carrel.tool.Tool;
import dev.carrel.tool.ToolContext;
import dev.carrel.tool.ToolResult;
import java.util.concurrent.atomic.AtomicInteger;

/// A tool without parameters whose work is code of the test; it is called `bash`, which the agent
/// may use.
final class PlayedTool implements Tool {
    static final String NAME = "bash";

    /// Does the work.
    interface Part {
        ToolResult run(ToolContext context) throws InterruptedException;
    }

    final AtomicInteger runs = new AtomicInteger();
    private final Part part;

    PlayedTool(Part part) {
        this.part = part;
    }

    @Override
    public ToolSpec spec() {
        ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
        schema.putObject("properties");
        return new ToolSpec(NAME, "Does something.", schema);
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public ToolResult run(ObjectNode arguments, ToolContext context) {
        runs.incrementAndGet();
        try {
            return part.run(context);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Cancellation.CancelledException();
        }
    }
}
