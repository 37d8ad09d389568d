package dev.carrel.agent;

import dev.carrel.model.ContextWindow;
import java.util.OptionalLong;

/// How long the next request is, beside how long it may be. `fixed` is the estimate of what stands
/// before its messages; an estimate times `factor` is what the provider counts. `max` is what the
/// request may have. `learnt` says that `max` is news.
record ContextSize(Conversation state, long fixed, double factor, long max, OptionalLong learnt) {
    /// What a request is taken to have in excess when its refusal does not say how long it may be.
    private static final double SHRINK = 0.6;

    /// About how many tokens there are.
    long tokens() {
        return counted(fixed + state.tokens());
    }

    long tokensAfter(Cut cut) {
        return counted(fixed + state.tokens() - state.transcript().tokens())
                + counted(state.transcript().tokensAfter(cut));
    }

    long gain(Cut cut) {
        return tokens() - tokensAfter(cut);
    }

    long counted(long estimate) {
        return Math.round(estimate * factor);
    }

    private long estimate(double counted) {
        return Math.round(counted / factor);
    }

    /// How many answers stay untouched.
    int newestAnswers() {
        return state.transcript().answersWithin(estimate(max * Compactor.NEWEST));
    }

    /// How many of the user's messages before those stay, too.
    int userMessages(int newestAnswers) {
        return state.transcript()
                .userMessagesWithin(estimate(max * Compactor.USERS), newestAnswers);
    }

    /// What a summary frees for certain, however long it gets.
    long summaryGain(int newestAnswers, int userMessages) {
        long replaced =
                state.transcript().tokensBefore(newestAnswers)
                        - state.transcript().userTokens(userMessages, newestAnswers);
        return counted(replaced) - Summarizer.tokensMax(max);
    }

    /// The same when the provider has refused it. What it says of its limit counts, the first time:
    /// then there are at least as many tokens as that, however few were estimated.
    ContextSize refused(OptionalLong stated, ContextWindow window) {
        if (stated.isPresent() && state.context().overflows() == 0) {
            long limit =
                    ContextWindow.of(stated.getAsLong(), window.answerTokens()).requestTokens();
            double more = Math.max(1, (double) stated.getAsLong() / tokens());
            return new ContextSize(
                    state, fixed, factor * more, Math.min(max, limit), OptionalLong.of(limit));
        }
        long limit = Math.min(max, Math.round(tokens() * SHRINK));
        return new ContextSize(state, fixed, factor, limit, OptionalLong.of(limit));
    }
}
