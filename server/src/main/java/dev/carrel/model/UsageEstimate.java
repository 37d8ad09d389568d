package dev.carrel.model;

/// Token counts of an answer, for providers that do not count.
final class UsageEstimate {
    private UsageEstimate() {}

    static Usage of(ChatRequest request, Message.Assistant answer) {
        long reasoning = TokenEstimate.of(answer.reasoning());
        return new Usage(input(request), TokenEstimate.of(answer), 0, 0, reasoning);
    }

    static long input(ChatRequest request) {
        return TokenEstimate.of(request.system(), request.tools())
                + request.messages().stream().mapToLong(TokenEstimate::of).sum();
    }
}
