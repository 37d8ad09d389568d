package dev.carrel.model;

/// A tool call as the model wrote it. `arguments` is the raw text: meant to be a JSON object, but
/// models err. `id` is unique within its assistant message and never empty: an adapter makes one up
/// where the provider sent none.
public record ToolCall(String id, String name, String arguments) {}
