package dev.carrel.model;

/// Keeps what comes of one attempt, to tell what it took when it does not end well.
final class AttemptListener extends PassingListener {
    private final StringBuilder received = new StringBuilder();
    private Usage counted = Usage.NONE;
    private int calls;
    private boolean news;

    AttemptListener(ChatListener to) {
        super(to);
    }

    @Override
    public void text(String delta) {
        news = true;
        received.append(delta);
        super.text(delta);
    }

    @Override
    public void reasoning(String delta) {
        news = true;
        received.append(delta);
        super.reasoning(delta);
    }

    @Override
    public void toolCall(int index, String id, String name, String argumentsDelta) {
        news |= index >= calls || !argumentsDelta.isEmpty();
        calls = Math.max(calls, index + 1);
        received.append(argumentsDelta);
        super.toolCall(index, id, name, argumentsDelta);
    }

    String received() {
        return received.toString();
    }

    /// Whether a piece of an answer has come since this was asked last: words, or a part of a call,
    /// or a count of tokens. Comments, pings and empty pieces are none.
    boolean isNews(AnswerReader reader) {
        boolean fresh = news || !reader.usage().equals(counted);
        news = false;
        counted = reader.usage();
        return fresh;
    }

    /// Whether the provider has begun with an answer.
    boolean anything(AnswerReader reader) {
        return !received.isEmpty() || reader.usage().totalTokens() > 0;
    }

    /// What the provider has said, and where it has not, what was asked and has come.
    Taken taken(ChatRequest request, AnswerReader reader) {
        Usage said = reader.usage();
        if (reader.usageIsWhole()) {
            return new Taken(said, false);
        }
        long input = said.inputTokens() > 0 ? said.inputTokens() : UsageEstimate.input(request);
        return new Taken(
                new Usage(
                        input,
                        Math.max(said.outputTokens(), TokenEstimate.of(received())),
                        said.cacheReadTokens(),
                        said.cacheWriteTokens(),
                        said.reasoningTokens()),
                true);
    }
}
