package dev.carrel.model;

/// Why the model stopped writing.
public enum FinishReason {
    STOP,
    TOOL_CALLS,
    /// The provider's limit of output tokens cut the answer.
    LENGTH,
    CONTENT_FILTER
}
