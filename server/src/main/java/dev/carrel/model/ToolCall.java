package dev.carrel.model;

/// A tool call as the model wrote it. `arguments` is the raw text: meant to be a JSON object, but
/// models err. `id` is never empty, and unique within the conversation that was sent: an adapter
/// makes one up where the provider sent none, or one that an earlier call has.
public record ToolCall(String id, String name, String arguments) {}
