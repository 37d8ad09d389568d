package dev.carrel.agent;

/// Something that readers of a live session see at once and that is never stored: the journal's
/// next entry holds the whole of it.
public sealed interface Delta {
    record Text(String text) implements Delta {}

    record Reasoning(String text) implements Delta {}

    record ToolArguments(String callId, String tool, String delta) implements Delta {}

    /// Output of a running command; standard output and error in the order they arrived.
    record ToolOutput(String callId, String text) implements Delta {}

    /// All deltas of the current model call are void: the call is being tried again.
    record Restarted() implements Delta {}
}
