package dev.carrel.agent;

import java.util.Locale;
import java.util.Optional;

/// Who shares a sandbox.
public enum WorkspaceScope {
    /// Each session has its own.
    SESSION,
    /// All sessions of an agent for one end user have one, which outlives them.
    USER,
    /// All sessions of an agent have one, whoever their end users are.
    SHARED;

    /// Empty for what is none.
    static Optional<WorkspaceScope> of(String name) {
        for (WorkspaceScope scope : values()) {
            if (scope.wireName().equals(name)) {
                return Optional.of(scope);
            }
        }
        return Optional.empty();
    }

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
