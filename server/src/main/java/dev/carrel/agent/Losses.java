package dev.carrel.agent;

import dev.carrel.model.ChatListener;
import dev.carrel.model.ModelRef;
import dev.carrel.model.PassingListener;
import dev.carrel.model.Taken;
import dev.carrel.model.Usage;
import java.time.Duration;
import java.util.Optional;

/// What the calls of a model took of which nothing counts. Used by one thread.
final class Losses {
    private Taken sum = Taken.NOTHING;
    private Duration work = Duration.ZERO;

    /// Passes everything on but what is lost.
    ChatListener counting(ChatListener to) {
        return new PassingListener(to) {
            @Override
            public void lost(Taken taken) {
                sum = sum.plus(taken);
            }
        };
    }

    /// An answer that is of no use.
    void add(Usage usage) {
        sum = sum.plus(new Taken(usage, false));
    }

    /// Time that no other entry has; it counts where something was taken.
    void add(Duration time) {
        work = work.plus(time);
    }

    /// What has to be journaled of them, if anything.
    Optional<Event> event(int step, ModelRef ref) {
        return sum.equals(Taken.NOTHING)
                ? Optional.empty()
                : Optional.of(
                        new Event.ModelLost(
                                step, ref.toString(), sum.usage(), sum.estimated(), work));
    }
}
