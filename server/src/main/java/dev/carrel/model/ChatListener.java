package dev.carrel.model;

/// Receives an answer while it is written, on the thread that called [ChatModel#chat]. What it got
/// from an attempt that failed is void: `restarted` says so before the next attempt begins.
public interface ChatListener {
    ChatListener NONE = new ChatListener() {};

    default void text(String delta) {}

    default void reasoning(String delta) {}

    /// A piece of a tool call. `index` counts the calls of this answer from 0; id and name are
    /// complete in each piece.
    default void toolCall(int index, String id, String name, String argumentsDelta) {}

    default void restarted() {}

    /// An attempt of which nothing counts took this, be it that the call goes on or fails.
    default void lost(Taken taken) {}
}
