package dev.carrel.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.Conversation;
import dev.carrel.agent.Event;
import java.util.List;

/// What turns load of a session, beside all of it.
record LoadedFold(SessionFixture fixture, SessionId session) {
    /// What the turn at `position` is told.
    List<Event> loaded(long position) {
        return fixture.store.read(handle -> TurnEntries.read(handle, session, position)).stream()
                .map(StreamItem.Recorded::event)
                .toList();
    }

    /// All that counts, turn by turn.
    List<Event> all(long position) {
        return fixture.store.read(handle -> {
            var counting = CountingEntries.of(handle, session);
            return handle.createQuery(
                            """
                            select seq, time, turn, type, body from events
                            where session = :session and place <= :position order by place, seq
                            """)
                    .bind("session", session.value())
                    .bind("position", position)
                    .map((row, context) -> EventRows.entry(row))
                    .filter(entry -> counting.contain(entry.seq()))
                    .map(StreamItem.Recorded::event)
                    .list();
        });
    }

    void assertSame(String where, long position) {
        Conversation whole = Conversation.of(all(position));
        Conversation loaded = Conversation.of(loaded(position));
        assertThat(loaded.messages()).as(where).isEqualTo(whole.messages());
        assertThat(loaded.callerTools()).as(where).isEqualTo(whole.callerTools());
        assertThat(loaded.openCalls()).as(where).isEqualTo(whole.openCalls());
        assertThat(loaded.answered()).as(where).isEqualTo(whole.answered());
        assertThat(loaded.turnRunning()).as(where).isEqualTo(whole.turnRunning());
        if (whole.turnRunning()) { // else it is that of a turn that has ended
            assertThat(loaded.usage()).as(where).isEqualTo(whole.usage());
        }
    }
}
