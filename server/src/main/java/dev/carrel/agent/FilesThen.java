package dev.carrel.agent;

/// What became of the files when a session was rewound or forked.
public sealed interface FilesThen {
    /// They are those of this snapshot.
    record Restored(String snapshot) implements FilesThen {}

    /// There were none at that point: there is no sandbox until one is used.
    record None() implements FilesThen {}

    /// Nobody asked for them: a session that was rewound has those that it had, a fork has none.
    record Left() implements FilesThen {}
}
