package dev.carrel.api;

import dev.carrel.auth.Principal;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.session.SessionId;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import java.util.function.Supplier;

/// Turns what stands in requests into the words of the domain.
final class Inputs {
    static final int LIMIT_DEFAULT = 50;

    private Inputs() {}

    static ProjectId project(Request request) {
        return request.caller(Principal.class).project();
    }

    /// A text that is no id names nothing that exists.
    static SandboxId sandbox(String id) {
        try {
            return new SandboxId(id);
        } catch (IllegalArgumentException e) {
            throw new CarrelException(
                    ErrorCode.SANDBOX_NOT_FOUND, "There is no sandbox " + shown(id), e);
        }
    }

    static SnapshotId snapshot(String id) {
        try {
            return new SnapshotId(id);
        } catch (IllegalArgumentException notOne) {
            throw CarrelException.ofParam(
                    ErrorCode.SNAPSHOT_NOT_FOUND, "snapshot", "There is no snapshot " + shown(id));
        }
    }

    static ExecutionId execution(String id) {
        try {
            return new ExecutionId(id);
        } catch (IllegalArgumentException e) {
            throw new CarrelException(
                    ErrorCode.EXECUTION_NOT_FOUND, "There is no execution " + shown(id), e);
        }
    }

    static SessionId session(String id) {
        try {
            return new SessionId(id);
        } catch (IllegalArgumentException e) {
            throw new CarrelException(
                    ErrorCode.SESSION_NOT_FOUND, "There is no session " + shown(id), e);
        }
    }

    private static String shown(String id) {
        String start = id.length() > 40 ? id.substring(0, 40) + "…" : id;
        return "\"" + start.replaceAll("\\p{Cntrl}", "?") + "\"";
    }

    static int limit(Request request) {
        return (int) request.number("limit", LIMIT_DEFAULT, 1, Page.LIMIT_MAX);
    }

    /// Makes a value of the domain; what its constructor refuses is the caller's mistake.
    static <T> T valid(Supplier<T> value) {
        try {
            return value.get();
        } catch (IllegalArgumentException e) {
            throw new CarrelException(ErrorCode.INVALID_REQUEST, String.valueOf(e.getMessage()), e);
        }
    }

    /// Refuses a field of the contract that this version does not carry out: to ignore it would
    /// promise something that does not happen.
    static CarrelException notSupported(String field) {
        return CarrelException.ofParam(
                ErrorCode.NOT_SUPPORTED,
                field,
                field + " is not supported by this version; leave it out");
    }
}
