package dev.carrel.agent;

import dev.carrel.model.Usage;
import java.time.Duration;

/// What is taken out of a conversation, so that the model can read the rest. The newest
/// `keptAnswers` answers of the model stay as they are, with everything after the first of them.
public sealed interface Cut {
    int keptAnswers();

    /// Older results of tools are cut in the middle, to `charsMax` characters.
    record Results(int keptAnswers, int charsMax) implements Cut {}

    /// Whatever is older and too long is cut in the middle, messages of the user too, but for the
    /// newest: when nothing else is left. With `answers`, what the model said is cut, too, with the
    /// arguments of its calls.
    record Texts(int keptAnswers, int charsMax, boolean answers) implements Cut {}

    /// All that is older becomes a summary that the model wrote, but for the newest
    /// `keptUserMessages` messages of the user among it, which stay word for word. `keptFrom` is
    /// the number of the entry of the first answer that stays. Where no model gave a summary,
    /// `text` is empty, and a note stands in its place.
    record Summary(
            int keptAnswers,
            int keptUserMessages,
            long keptFrom,
            String text,
            Usage usage,
            Duration duration)
            implements Cut {}
}
