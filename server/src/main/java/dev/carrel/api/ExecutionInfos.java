package dev.carrel.api;

import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.ExecutionSummary;
import dev.carrel.wire.ExecutionInfo;
import java.util.Optional;
import java.util.OptionalInt;

/// Executions as the API shows them.
final class ExecutionInfos {
    private ExecutionInfos() {}

    static ExecutionInfo of(ExecutionResult result) {
        return new ExecutionInfo(
                result.id().value(),
                result.status().wireName(),
                boxed(result.exitCode()),
                result.stdout(),
                result.stderr(),
                result.truncated(),
                result.duration().toMillis(),
                false,
                result.start().stdout(),
                result.start().stderr(),
                result.next().stdout(),
                result.next().stderr());
    }

    static dev.carrel.wire.ExecutionSummary of(ExecutionSummary summary) {
        return new dev.carrel.wire.ExecutionSummary(
                summary.id().value(),
                summary.status().wireName(),
                boxed(summary.exitCode()),
                summary.command(),
                summary.cwd(),
                summary.user(),
                summary.terminal(),
                summary.startedAt(),
                summary.duration().toMillis());
    }

    private static Optional<Integer> boxed(OptionalInt number) {
        return number.isPresent() ? Optional.of(number.getAsInt()) : Optional.empty();
    }
}
