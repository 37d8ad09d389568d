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

    /// Something that can be done now.
    sealed interface Ready extends PlannedCall {}

    /// Run it. `started` says that an earlier loop began it, so its `ToolStarted` is there: one
    /// loop never leaves a call that it started.
    record Run(ToolCall call, Tool tool, ObjectNode arguments, boolean started) implements Ready {
        @Override
        public boolean readOnly() {
            return tool.readOnly();
        }
    }

    /// Answer it without running anything.
    record Answer(ToolCall call, ToolResult result) implements Ready {
        @Override
        public boolean readOnly() {
            return true;
        }
    }

    /// Leave it until somebody has said whether it may run. `pattern` is why.
    record Held(Run run, String pattern) implements PlannedCall {
        @Override
        public ToolCall call() {
            return run.call();
        }

        @Override
        public boolean readOnly() {
            return run.readOnly();
        }
    }

    /// The calls that come next, together: as many as only read, else one. Reads go past others
    /// that are held, and nothing goes past a call that changes something: empty when that is held,
    /// or all are.
    static List<Ready> firstBatch(List<PlannedCall> calls) {
        List<PlannedCall> reads = calls.stream().takeWhile(PlannedCall::readOnly).toList();
        List<PlannedCall> next = reads.isEmpty() ? calls.stream().limit(1).toList() : reads;
        return next.stream().filter(Ready.class::isInstance).map(Ready.class::cast).toList();
    }
}
