package dev.carrel.worker;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;
import dev.carrel.tool.Tool;
import dev.carrel.tool.ToolContext;
import dev.carrel.tool.ToolResult;

/// A tool around which something can go wrong.
record ChaosTool(Tool tool, Injection injection) implements Tool {
    @Override
    public ToolSpec spec() {
        return tool.spec();
    }

    @Override
    public boolean readOnly() {
        return tool.readOnly();
    }

    @Override
    public boolean resumable() {
        return tool.resumable();
    }

    @Override
    public ToolResult run(ObjectNode arguments, ToolContext context) {
        injection.reach(ChaosPlace.BEFORE_TOOL);
        ToolResult result = tool.run(arguments, context);
        injection.reach(ChaosPlace.AFTER_TOOL);
        return result;
    }
}
