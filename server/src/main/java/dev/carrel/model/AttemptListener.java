package dev.carrel.model;

/// Keeps what comes of one attempt, to tell what it took when it does not end well.
final class AttemptListener extends PassingListener {
    private final StringBuilder received = new StringBuilder();

    AttemptListener(ChatListener to) {
        super(to);
    }

    @Override
    public void text(String delta) {
        received.append(delta);
        super.text(delta);
    }

    @Override
    public void reasoning(String delta) {
        received.append(delta);
        super.reasoning(delta);
    }

    @Override
    public void toolCall(int index, String id, String name, String argumentsDelta) {
        received.append(argumentsDelta);
        super.toolCall(index, id, name, argumentsDelta);
    }

    String received() {
        return received.toString();
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
