package dev.carrel.session;

import dev.carrel.tool.MemoryScope;

/// Names one memory of a project: the project's own, an agent's or an end user's.
public record MemoryName(MemoryScope scope, String name) {
    public static final MemoryName PROJECT = new MemoryName(MemoryScope.PROJECT, "");

    public static MemoryName agent(String name) {
        return new MemoryName(MemoryScope.AGENT, name);
    }

    public static MemoryName user(String user) {
        return new MemoryName(MemoryScope.USER, user);
    }

    public boolean isAgents() {
        return scope == MemoryScope.AGENT;
    }

    /// The scope as clients see it.
    public String scopeName() {
        return scope.wireName();
    }

    /// As messages have it.
    @Override
    public String toString() {
        return switch (scope) {
            case PROJECT -> "the project's memory";
            case AGENT -> "the memory of agent \"" + name + "\"";
            case USER -> "the memory of user \"" + name + "\"";
        };
    }
}
