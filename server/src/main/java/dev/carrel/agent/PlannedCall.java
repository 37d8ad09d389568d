package dev.carrel.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolCall;
import dev.carrel.tool.Tool;
import dev.carrel.tool.ToolResult;
import java.util.List;

/// What to do about an open tool call.
sealed interface PlannedCall {
    ToolCall call();

    /// Whether it may happen at the same time as others of the kind.
    boolean readOnly();

    /// Run it. `started` says that an earlier loop began it, so its `ToolStarted` is there: one
    /// loop never leaves a call that it started.
    record Run(ToolCall call, Tool tool, ObjectNode arguments, boolean started)
            implements PlannedCall {
        @Override
        public boolean readOnly() {
            return tool.readOnly();
        }
    }

    /// Answer it without running anything.
    record Answer(ToolCall call, ToolResult result) implements PlannedCall {
        @Override
        public boolean readOnly() {
            return true;
        }
    }

    /// The calls that come next, together: as many as only read, else one. `calls` is not empty.
    static List<PlannedCall> firstBatch(List<PlannedCall> calls) {
        List<PlannedCall> reads = calls.stream().takeWhile(PlannedCall::readOnly).toList();
        return reads.isEmpty() ? calls.subList(0, 1) : reads;
    }
}
