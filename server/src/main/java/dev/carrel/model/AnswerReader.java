package dev.carrel.model;

/// Builds one answer from the events of its stream. One thread uses it; a failed one is thrown
/// away.
interface AnswerReader {
    /// Fails with a [ProviderFailure] when the event is not what the protocol knows, or is the
    /// provider's word that it failed. Event types that the protocol may add later are ignored.
    void accept(ServerEvent event);

    /// Whether nothing more will come.
    boolean isComplete();

    /// The whole answer; called once, when the stream has ended in whatever way. Fails with a
    /// [ProviderFailure] when it was cut, or said nothing.
    ChatAnswer answer();

    /// What the provider has counted so far; 0 where it has not said.
    Usage usage();

    /// Whether that is all of it.
    boolean usageIsWhole();
}
