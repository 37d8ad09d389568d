package dev.carrel.agent;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ContextLimit;
import dev.carrel.model.ContextWindow;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Models;
import dev.carrel.model.TokenEstimate;
import dev.carrel.model.ToolSpec;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/// Keeps a conversation within what its model can read: decides before each model call, from the
/// fold of the journal alone, whether something has to be taken out, and what.
///
/// Old results of tools go first, then all but the newest steps becomes a summary, then the newest
/// results are cut, too, then the user's messages, and at last answers of the model. Each is done
/// only when it frees a good part of the window: so it happens seldom, the provider's cache holds
/// for long in between, and there is no compaction without end. Where nothing is left to cut, the
/// turn fails with `MODEL_CONTEXT_OVERFLOW`.
final class Compactor {
    /// Parts of what a request may have: from where on something is done, up to where cutting
    /// results is enough, what must come of it at least, and when the request does not fit
    /// otherwise; what stays as it is of the newest steps, and of the user's messages before those.
    static final double FULL = 0.9;

    static final double ROOMY = 0.7;
    static final double GAIN_MIN = 0.2;
    static final double GAIN_MIN_NEEDED = 0.05;
    static final double NEWEST = 0.25;
    static final double USERS = 0.1;

    /// Of an old result there stay the beginning and the end, which says how it ended.
    static final int OLD_RESULT_CHARS = 400;

    /// Refusals of the provider between two of its answers.
    static final int OVERFLOWS_MAX = 6;

    private static final int NEWEST_CHARS_MAX = 400_000;

    private final Models models;
    private final Toolbox toolbox;
    private final String system;
    private final Summarizer summarizer;
    private final Journal journal;

    /// What stands before the messages, and about how many tokens it takes: the same all turn long.
    private List<ToolSpec> specs = List.of();

    private OptionalLong fixed = OptionalLong.empty();

    Compactor(
            AgentDefinition agent, Models models, Toolbox toolbox, String system, Journal journal) {
        this.models = models;
        this.toolbox = toolbox;
        this.system = system;
        this.summarizer = new Summarizer(agent, toolbox, system);
        this.journal = journal;
    }

    /// What has to happen before the model is asked; empty when it can be asked as it is. The
    /// supplier gives what then has to be journaled. It may ask the model for a summary, and fails
    /// as a call of it does.
    Optional<Supplier<Event>> before(Conversation state, ModelCall call) {
        ContextSize size = size(state, call.ref());
        return size.tokens() <= size.max() * FULL ? Optional.empty() : next(size, call);
    }

    /// What has to happen since the provider refused the conversation as too long: there is always
    /// something, or the refusal is final.
    Event after(CarrelException refusal, Conversation state, ModelCall call) {
        if (state.context().overflows() >= OVERFLOWS_MAX) {
            throw refusal;
        }
        OptionalLong stated = ContextLimit.stated(refusal.text());
        ContextWindow window = models.window(call.ref());
        ContextSize size = size(state, call.ref()).refused(stated, window);
        return next(size, call).orElseThrow(() -> refusal).get();
    }

    /// About how many a request takes.
    long tokens(Conversation state, ModelRef ref) {
        return size(state, ref).tokens();
    }

    private ContextSize size(Conversation state, ModelRef ref) {
        long fixed = fixed(toolbox.specs(state.callerTools()));
        long max = models.window(ref).requestTokens();
        long learnt = state.context().limit(ref.toString()).orElse(max);
        double factor = state.context().factor(fixed);
        return new ContextSize(state, fixed, factor, Math.min(max, learnt), OptionalLong.empty());
    }

    private long fixed(List<ToolSpec> now) {
        if (fixed.isEmpty() || !now.equals(specs)) {
            specs = now;
            fixed = OptionalLong.of(TokenEstimate.of(system, now));
        }
        return fixed.getAsLong();
    }

    private Optional<Supplier<Event>> next(ContextSize size, ModelCall call) {
        int answers = size.newestAnswers();
        int users = size.userMessages(answers);
        var oldResults = new Cut.Results(answers, OLD_RESULT_CHARS);
        boolean worthIt = isWorthIt(size, oldResults);
        if (worthIt && leavesRoom(size, oldResults)) {
            return Optional.of(() -> event(size, call, oldResults));
        }
        if (size.summaryGain(answers, users) >= gainMin(size)) {
            return Optional.of(() -> event(size, call, summary(size, answers, users, call)));
        }
        if (worthIt) {
            return Optional.of(() -> event(size, call, oldResults));
        }
        return size.tokens() > size.max()
                ? Optional.of(() -> event(size, call, newest(size, call)))
                : Optional.empty();
    }

    private static boolean isWorthIt(ContextSize size, Cut cut) {
        return size.gain(cut) >= gainMin(size);
    }

    private static boolean leavesRoom(ContextSize size, Cut cut) {
        return size.tokensAfter(cut) <= size.max() * ROOMY;
    }

    private static double gainMin(ContextSize size) {
        return size.max() * (size.tokens() > size.max() ? GAIN_MIN_NEEDED : GAIN_MIN);
    }

    private static Event event(ContextSize size, ModelCall call, Cut cut) {
        return new Event.Compaction(
                call.ref().toString(), cut, size.tokens(), size.tokensAfter(cut), size.learnt());
    }

    /// Another model is asked for it; without one, the newest results are cut, too, if that is
    /// enough, else what it was to stand for goes without.
    private Cut summary(ContextSize size, int answers, int users, ModelCall call) {
        Summarizer.Text text = summarizer.write(size, answers, call);
        if (text.text().isEmpty()) {
            if (!call.last()) {
                throw noSummary(call.ref());
            }
            var results = new Cut.Results(0, OLD_RESULT_CHARS);
            if (isWorthIt(size, results) && leavesRoom(size, results)) {
                call.losses().add(text.duration());
                return results;
            }
        }
        return new Cut.Summary(
                answers,
                users,
                journal.numberOfAnswer(answers),
                text.text(),
                text.usage(),
                text.duration());
    }

    /// The longest results that fit, or else results and messages, or else answers, too.
    private static Cut newest(ContextSize size, ModelCall call) {
        return longest(size, chars -> new Cut.Results(0, chars))
                .or(() -> longest(size, chars -> new Cut.Texts(0, chars, /* answers= */ false)))
                .or(() -> longest(size, chars -> new Cut.Texts(0, chars, /* answers= */ true)))
                .orElseThrow(() -> overflow(size, call));
    }

    private static Optional<Cut> longest(ContextSize size, IntFunction<Cut> cuts) {
        for (int chars = NEWEST_CHARS_MAX; chars >= OLD_RESULT_CHARS; chars /= 2) {
            Cut cut = cuts.apply(chars);
            if (size.tokensAfter(cut) <= size.max() * FULL) {
                return Optional.of(cut);
            }
        }
        return Optional.empty();
    }

    private static CarrelException noSummary(ModelRef ref) {
        return new CarrelException(
                ErrorCode.MODEL_BAD_ANSWER,
                "the conversation has become too long, and model "
                        + ref
                        + " gave no summary of it, asked twice");
    }

    private static CarrelException overflow(ContextSize size, ModelCall call) {
        return new CarrelException(
                ErrorCode.MODEL_CONTEXT_OVERFLOW,
                ("the conversation takes about %d tokens, a request to model %s may have %d, and"
                                + " nothing is left to cut: prompt and tools alone take %d. Send"
                                + " less at once, use a model with a larger window, or begin a new"
                                + " session")
                        .formatted(
                                size.tokens(), call.ref(), size.max(), size.counted(size.fixed())));
    }
}
