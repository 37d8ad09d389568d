package dev.carrel.sandbox;

import dev.carrel.store.Ids;

/// Names one execution within its sandbox. Safe as a file name.
public record ExecutionId(String value) {
    public ExecutionId {
        if (!Ids.isId("exe", value)) {
            throw new IllegalArgumentException("not an execution id");
        }
    }

    public static ExecutionId next() {
        return new ExecutionId(Ids.next("exe"));
    }

    @Override
    public String toString() {
        return value;
    }
}
