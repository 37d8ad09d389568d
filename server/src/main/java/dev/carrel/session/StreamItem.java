package dev.carrel.session;

import dev.carrel.agent.Delta;
import dev.carrel.agent.Event;
import dev.carrel.agent.TurnId;
import java.time.Instant;
import java.util.Optional;

/// What a reader of a session gets.
public sealed interface StreamItem {
    /// A journal entry; `seq` counts the entries of its session from 1 without gaps.
    record Recorded(long seq, Instant time, Optional<TurnId> turn, Event event)
            implements StreamItem {}

    /// Something live that is not stored.
    record Live(TurnId turn, Delta delta) implements StreamItem {}
}
