package dev.carrel.session;

import dev.carrel.agent.Delta;
import dev.carrel.agent.Event;
import dev.carrel.agent.Journal;
import dev.carrel.store.Store;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;

/// The journal of one session as seen by the turn that a lease is for. Read from the database once;
/// from then on only this object adds to what the turn sees.
///
/// INVARIANT: an entry is written only in a transaction that has found the lease to hold, so that
/// an owner who was away for too long can do no harm.
public final class SessionJournal implements Journal {
    private final Store store;
    private final TurnQueue turns;
    private final Hub hub;
    private final InstantSource clock;
    private final Lease lease;
    private final List<StreamItem.Recorded> entries = new ArrayList<>();
    private final ConcurrentHashMap<String, Long> startedCalls = new ConcurrentHashMap<>();

    SessionJournal(Store store, TurnQueue turns, Hub hub, InstantSource clock, Lease lease) {
        this.store = store;
        this.turns = turns;
        this.hub = hub;
        this.clock = clock;
        this.lease = lease;
        store.read(handle -> EventRows.byTurn(handle, lease.session(), lease.claim().position()))
                .forEach(this::add);
    }

    @Override
    public List<Event> events() {
        return entries.stream().map(StreamItem.Recorded::event).toList();
    }

    /// The entries of this turn alone.
    public List<Event> turnEvents() {
        return entries.stream()
                .filter(entry -> entry.turn().equals(Optional.of(lease.turn())))
                .map(StreamItem.Recorded::event)
                .toList();
    }

    /// Fails with [LeaseLostException] when the turn is not this worker's any more. The turn's
    /// completion ends the turn in the same transaction.
    @Override
    public void append(Event event) {
        if (lease.abandonment().isCancelled()) {
            throw new LeaseLostException(lease.turn());
        }
        StreamItem.Recorded entry =
                store.write(handle -> {
                    if (!TurnRows.holds(handle, lease)) {
                        throw new LeaseLostException(lease.turn());
                    }
                    if (event instanceof Event.TurnCompleted) {
                        TurnRows.complete(handle, lease.turn());
                    }
                    return EventRows.append(
                            handle, lease.key(), Optional.of(lease.turn()), event, clock.instant());
                });
        add(entry);
        hub.publish(lease.session(), entry);
        if (event instanceof Event.TurnCompleted) {
            turns.announce(); // the session's next turn may run
        }
    }

    @Override
    public void publish(Delta delta) {
        if (!lease.abandonment().isCancelled()) {
            hub.publish(lease.session(), new StreamItem.Live(lease.turn(), delta));
        }
    }

    /// The number of the entry that says that the turn's newest call of this id was started; empty
    /// if none was. Any thread may ask. Ids of calls are unique within one answer of the model
    /// only; this number is unique in the session, and the same after a crash.
    public OptionalLong startedAt(String callId) {
        Long seq = startedCalls.get(callId);
        return seq == null ? OptionalLong.empty() : OptionalLong.of(seq);
    }

    private void add(StreamItem.Recorded entry) {
        entries.add(entry);
        if (entry.event() instanceof Event.ToolStarted started) {
            startedCalls.put(started.callId(), entry.seq());
        }
    }
}
