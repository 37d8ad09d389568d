package dev.carrel.model;

/// A complete answer. `model` is the name the provider reported.
public record ChatAnswer(
        Message.Assistant message, FinishReason finish, Usage usage, String model) {}
