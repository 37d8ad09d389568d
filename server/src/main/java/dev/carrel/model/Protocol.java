package dev.carrel.model;

import java.net.http.HttpRequest;

/// How to talk with a kind of provider: translation, no waiting. Any number of threads may call it.
interface Protocol {
    /// May be sent more than once.
    HttpRequest toHttp(ChatRequest request);

    /// Takes note of a refusal that tells how the provider wants to be asked. Returns whether
    /// [#toHttp] now asks that way.
    default boolean learn(ChatRequest request, ProviderFailure refusal) {
        return false;
    }

    /// How long an answer may get.
    long answerTokens(String model);

    /// A new reader for the answer to one attempt at `request`; tells `listener` what arrives.
    AnswerReader reader(ChatRequest request, ChatListener listener);
}
