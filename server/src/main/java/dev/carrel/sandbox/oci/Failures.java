package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SnapshotId;
import java.io.IOException;

/// What callers are told when the host fails them. Causes hold paths and are for the log.
final class Failures {
    private Failures() {}

    /// Something with the host that may fail.
    interface Work<T> {
        T run() throws IOException;
    }

    /// The same without a result.
    interface Action {
        void run() throws IOException;
    }

    /// Does the work, or says that the sandbox could not `what`.
    static <T> T get(SandboxId id, String what, Work<T> work) {
        try {
            return work.run();
        } catch (IOException e) {
            throw failed(id, what, e);
        }
    }

    static void run(SandboxId id, String what, Action action) {
        try {
            action.run();
        } catch (IOException e) {
            throw failed(id, what, e);
        }
    }

    static CarrelException failed(SandboxId id, String what, Throwable cause) {
        return failed("sandbox " + id, what, cause);
    }

    static CarrelException failed(SnapshotId id, String what, Throwable cause) {
        return failed("snapshot " + id, what, cause);
    }

    private static CarrelException failed(String who, String what, Throwable cause) {
        if (cause instanceof CarrelException known) {
            return known;
        }
        return new CarrelException(
                ErrorCode.SANDBOX_FAILED,
                "%s could not %s: the server's log says why; `carrel doctor` checks the host"
                        .formatted(who, what),
                cause);
    }

    static CarrelException notRunning(SandboxId id) {
        return new CarrelException(
                ErrorCode.SANDBOX_NOT_RUNNING, "sandbox " + id + " is not running");
    }

    static CarrelException poolFull() {
        return new CarrelException(
                ErrorCode.DISK_FULL,
                "the pool of all disks is full, so no sandbox or snapshot is made; delete some, or"
                        + " raise disk.pool_mb");
    }

    static CarrelException hostDiskFull() {
        return new CarrelException(
                ErrorCode.DISK_FULL,
                "the host has less than %d MiB of free disk left, so no sandbox is made; free some"
                        .formatted(BtrfsDisks.RESERVE_BYTES >> 20));
    }
}
