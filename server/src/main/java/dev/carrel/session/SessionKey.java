package dev.carrel.session;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;

/// A session's id together with the project that it must belong to.
record SessionKey(ProjectId project, SessionId id) {
    CarrelException notFound() {
        return new CarrelException(
                ErrorCode.SESSION_NOT_FOUND,
                "session " + id + " does not exist: list the sessions, or create one");
    }
}
