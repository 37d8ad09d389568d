package dev.carrel.model;

/// A language model, reached through one provider.
public interface ChatModel {
    /// Asks for one answer and blocks until it is complete, telling `listener` what arrives
    /// meanwhile.
    ///
    /// Retries what is worth retrying, within its own limits. Fails with a
    /// [dev.carrel.error.CarrelException] of a `MODEL_…` code, or with
    /// [Cancellation.CancelledException] soon after `cancellation`; the connection is closed by
    /// then, and nothing of the answer counts.
    ChatAnswer chat(ChatRequest request, ChatListener listener, Cancellation cancellation);

    /// The same for who has no other model to ask: where this one is not to be asked for a while,
    /// it waits, as long as it would between attempts.
    default ChatModel patient() {
        return this;
    }

    /// About how long an answer may get: as much of the model's window is kept free.
    default long answerTokens(String model) {
        return ContextWindow.ANSWER_TOKENS_DEFAULT;
    }
}
