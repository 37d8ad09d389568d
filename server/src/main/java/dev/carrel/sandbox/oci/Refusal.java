package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Errno;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.SandboxId;

/// Why pid 1 did not start a command, as callers are told.
final class Refusal {
    /// See `carrel-init.h`.
    private static final int EXECUTIONS_MAX = 256;

    private Refusal() {}

    static CarrelException of(SandboxId sandbox, ExecutionId id, int number) {
        return switch (Errno.of(number)) {
            case EUSERS ->
                    new CarrelException(
                            ErrorCode.TOO_MANY_EXECUTIONS,
                            "sandbox %s runs %d executions already: wait for one or kill one"
                                    .formatted(sandbox, EXECUTIONS_MAX));
            case EAGAIN, ENOMEM, EMFILE, ENFILE ->
                    new CarrelException(
                            ErrorCode.TOO_MANY_EXECUTIONS,
                            "sandbox %s has no process or memory left for another command: end"
                                            .formatted(sandbox)
                                    + " some, or give it more");
            case ENOSPC, EDQUOT ->
                    new CarrelException(
                            ErrorCode.DISK_FULL,
                            "the disk of the host is full, so no output could be kept; free some");
            default ->
                    new CarrelException(
                            ErrorCode.SANDBOX_FAILED,
                            "sandbox %s could not start execution %s: error %d"
                                    .formatted(sandbox, id, number));
        };
    }
}
