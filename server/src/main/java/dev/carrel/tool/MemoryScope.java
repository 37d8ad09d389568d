package dev.carrel.tool;

import java.util.Locale;

/// Whose memory: what all agents of the project share, the agent's own, or what is kept about the
/// end user of a session.
public enum MemoryScope {
    PROJECT,
    AGENT,
    USER;

    /// The one of this name, which is one of [#wireName].
    public static MemoryScope of(String wireName) {
        return valueOf(wireName.toUpperCase(Locale.ROOT));
    }

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
