package dev.carrel.model;

import java.net.http.HttpRequest;

/// How to talk with a kind of provider: pure translation, no waiting.
interface Protocol {
    /// May be sent more than once.
    HttpRequest toHttp(ChatRequest request);

    /// A new reader for the answer to one attempt at `request`; tells `listener` what arrives.
    AnswerReader reader(ChatRequest request, ChatListener listener);
}
