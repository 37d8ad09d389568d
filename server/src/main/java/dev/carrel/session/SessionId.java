package dev.carrel.session;

import dev.carrel.store.Ids;

/// Names one session.
public record SessionId(String value) {
    public SessionId {
        if (!Ids.isId("ses", value)) {
            throw new IllegalArgumentException("not a session id");
        }
    }

    public static SessionId next() {
        return new SessionId(Ids.next("ses"));
    }

    @Override
    public String toString() {
        return value;
    }
}
