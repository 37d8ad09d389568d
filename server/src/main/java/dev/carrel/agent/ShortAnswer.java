package dev.carrel.agent;

import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.tool.Excerpt;

/// An answer of the model with all in it that is too long cut in the middle. Its calls stay, so
/// that each has its result.
final class ShortAnswer {
    private ShortAnswer() {}

    /// What is longer than `sparedMax` is cut to `charsMax` characters. Arguments that are cut are
    /// no JSON any more; providers' protocols wrap such. A signature cannot be cut: it goes.
    static Message.Assistant of(Message.Assistant answer, int sparedMax, int charsMax) {
        return new Message.Assistant(
                cut(answer.text(), sparedMax, charsMax),
                cut(answer.reasoning(), sparedMax, charsMax),
                answer.reasoningSignature().filter(proof -> proof.length() <= sparedMax),
                answer.toolCalls().stream()
                        .map(call ->
                                new ToolCall(
                                        call.id(),
                                        call.name(),
                                        cut(call.arguments(), sparedMax, charsMax)))
                        .toList());
    }

    private static String cut(String text, int sparedMax, int charsMax) {
        return text.length() <= sparedMax ? text : Excerpt.middle(text, charsMax);
    }
}
