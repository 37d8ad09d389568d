package dev.carrel.tool;

import java.util.Locale;

/// Whose memory: what all agents of the project share, the agent's own, or what is kept about the
/// end user of a session.
public enum MemoryScope {
    PROJECT,
    AGENT,
    USER;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
