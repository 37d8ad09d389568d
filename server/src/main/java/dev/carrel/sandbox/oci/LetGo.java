package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.ExecutionId;

/// Why this server hears no more of an execution that has not ended.
enum LetGo {
    /// It goes on; the next server, or the next call, has it.
    BY_SERVER,
    /// It stands still with its sandbox. Whoever repeats the call that started it would run it
    /// again, so that the code is none that says so.
    PAUSED_TO_DISK;

    CarrelException failure(ExecutionId id) {
        return switch (this) {
            case BY_SERVER ->
                    new CarrelException(
                            ErrorCode.UNAVAILABLE,
                            "execution "
                                    + id
                                    + " goes on, but this server lets go of it: ask again");
            case PAUSED_TO_DISK ->
                    new CarrelException(
                            ErrorCode.SANDBOX_NOT_RUNNING,
                            "execution "
                                    + id
                                    + " stands still, because its sandbox is paused to disk: read it"
                                    + " again, and both go on");
        };
    }
}
