package dev.carrel.session;

import dev.carrel.agent.BudgetState;
import dev.carrel.agent.Delta;
import dev.carrel.agent.Event;
import dev.carrel.agent.Journal;
import dev.carrel.agent.StopReason;
import dev.carrel.store.Store;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/// The journal of one session as seen by the turn that a lease is for. Read from the database once;
/// from then on, what the turn sees grows by what is appended here, and by messages that steer the
/// turn, which are noticed with the next append.
///
/// INVARIANT: an entry is written only in a transaction that has found the lease to hold, so that
/// an owner who was away for too long can do no harm.
public final class SessionJournal implements Journal {
    private final Store store;
    private final TurnQueue turns;
    private final Hub hub;
    private final InstantSource clock;
    private final Budgets budgets;
    private final Lease lease;
    private final List<StreamItem.Recorded> entries = new ArrayList<>();
    private final ConcurrentHashMap<String, Long> startedCalls = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, Long> endedCalls = new ConcurrentHashMap<>();
    private Set<String> spentCalls = Set.of();
    private KeptJournals.Kept known = KeptJournals.Kept.NOTHING;
    private long seen;

    SessionJournal(
            Store store,
            TurnQueue turns,
            Hub hub,
            InstantSource clock,
            Budgets budgets,
            Lease lease) {
        this.budgets = budgets;
        this.store = store;
        this.turns = turns;
        this.hub = hub;
        this.clock = clock;
        this.lease = lease;
        store.read(this::load).forEach(this::add);
        if (entries.stream().anyMatch(e -> e.event() instanceof Event.SessionRewound)) {
            spentCalls = store.read(handle -> EventRows.spentCalls(handle, lease.session()));
        }
    }

    private List<StreamItem.Recorded> load(Handle handle) {
        long position = lease.claim().position();
        seen = EventRows.lastSeq(handle, lease.session());
        KeptJournals.Kept kept = turns.kept().take(lease.session(), position);
        Optional<List<StreamItem.Recorded>> more =
                TurnEntries.since(handle, lease.session(), kept, position);
        if (more.isEmpty()) {
            return TurnEntries.read(handle, lease.session(), position);
        }
        known = kept;
        return Stream.concat(kept.entries().stream(), more.get().stream()).toList();
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
    public List<Event> append(List<Event> events) {
        requireMine();
        Appended appended = store.write(handle -> appendIn(handle, events));
        appended.arrivals().forEach(this::add); // whoever wrote them has published them
        for (StreamItem.Recorded entry : appended.own()) {
            add(entry);
            hub.publish(lease.session(), entry);
        }
        appended.next().ifPresent(entry -> hub.publish(lease.session(), entry));
        if (appended.endsTurn()) {
            keep();
            turns.announce(); // the session's next turn may run
        }
        return appended.events();
    }

    /// The turn has ended: its entries stay as they are. After a summary of its own there is
    /// nothing to keep: what that stands for is not read again.
    private void keep() {
        List<StreamItem.Recorded> more = entries.subList(known.entries().size(), entries.size());
        if (more.stream().anyMatch(this::isOwnSummary)) {
            return;
        }
        long chars = known.chars();
        for (StreamItem.Recorded entry : more) {
            chars += entry.event().toString().length();
        }
        long position = lease.claim().position();
        turns.kept().keep(lease.session(), new KeptJournals.Kept(position, seen, entries, chars));
    }

    private boolean isOwnSummary(StreamItem.Recorded entry) {
        return entry.turn().equals(Optional.of(lease.turn()))
                && entry.event() instanceof Event.Compaction cut
                && cut.summary().isPresent();
    }

    /// `next` begins another turn.
    private record Appended(
            List<StreamItem.Recorded> arrivals,
            List<StreamItem.Recorded> own,
            Optional<StreamItem.Recorded> next) {
        List<Event> events() {
            return Stream.concat(arrivals.stream(), own.stream())
                    .map(StreamItem.Recorded::event)
                    .toList();
        }

        boolean endsTurn() {
            return !own.isEmpty() && own.getLast().event() instanceof Event.TurnCompleted;
        }
    }

    private Appended appendIn(Handle handle, List<Event> events) {
        List<StreamItem.Recorded> arrivals = arrivals(handle);
        var own = new ArrayList<StreamItem.Recorded>();
        Optional<StreamItem.Recorded> next = Optional.empty();
        for (Event event : events) {
            if (!(event instanceof Event.TurnCompleted completed)) {
                own.add(write(handle, event));
            } else if (completed.reason() != StopReason.END || arrivals.isEmpty()) {
                UnseenMessages unseen =
                        UnseenMessages.of(handle, lease.key(), lease.turn(), completed.reason());
                TurnRows.complete(handle, lease.turn());
                own.add(write(handle, completed.over(unseen.count())));
                next = unseen.answerIn(handle, lease.key(), own.getLast());
            }
        }
        return new Appended(arrivals, own, next);
    }

    private StreamItem.Recorded write(Handle handle, Event event) {
        return EventRows.append(
                handle, lease.key(), Optional.of(lease.turn()), event, clock.instant());
    }

    @Override
    public boolean isSpent(String callId) {
        return spentCalls.contains(callId);
    }

    @Override
    public long numberOfAnswer(int answer) {
        return entries.reversed().stream()
                .filter(entry -> entry.event() instanceof Event.AssistantMessage)
                .skip(answer - 1)
                .findFirst()
                .orElseThrow()
                .seq();
    }

    @Override
    public Optional<List<Event>> rest() {
        requireMine();
        Optional<List<StreamItem.Recorded>> arrived = store.write(this::restIn);
        if (arrived.isEmpty()) {
            turns.rested(lease);
            return Optional.empty();
        }
        if (arrived.get().isEmpty()) {
            lease.cancellation().cancel(); // whoever has requested it does so in a moment, too
        }
        arrived.get().forEach(this::add);
        return Optional.of(arrived.get().stream().map(StreamItem.Recorded::event).toList());
    }

    /// Empty when it rests; nothing in it when it is to be cancelled.
    private Optional<List<StreamItem.Recorded>> restIn(Handle handle) {
        List<StreamItem.Recorded> arrivals = arrivals(handle);
        if (!arrivals.isEmpty() || TurnRows.cancelRequested(handle, lease.turn())) {
            return Optional.of(arrivals);
        }
        TurnRows.rest(handle, lease.turn());
        return Optional.empty();
    }

    private void requireMine() {
        if (lease.abandonment().isCancelled()) {
            throw new LeaseLostException(lease.turn());
        }
    }

    /// Entries of others in this turn that are new. Fails when the turn is another's.
    private List<StreamItem.Recorded> arrivals(Handle handle) {
        TurnRows.requireHeld(handle, lease);
        return EventRows.lastSeq(handle, lease.session()) > seen
                ? EventRows.ofTurn(handle, lease.session(), lease.turn(), seen)
                : List.of();
    }

    @Override
    public List<BudgetState> budgets() {
        return budgets.equals(Budgets.NONE)
                ? List.of()
                : store.read(
                        handle -> Spending.states(handle, lease.key(), budgets, clock.instant()));
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

    /// The first entry at which the files were as they are now, if the call `after` of this turn
    /// was the last one to change them; without one, if none was: where the turn began, or, if its
    /// message was sent while another turn ran, where it was started.
    long sinceCall(Optional<String> after) {
        Long ended = after.map(endedCalls::get).orElse(null);
        if (ended != null) {
            return ended;
        }
        List<StreamItem.Recorded> own =
                entries.stream().filter(e -> e.turn().equals(Optional.of(lease.turn()))).toList();
        long begun = lease.claim().position();
        for (int i = 0; i < own.size(); i++) {
            if (own.get(i).event() instanceof Event.TurnStarted) {
                long started = own.get(i).seq();
                return started - begun == i ? begun : started;
            }
        }
        return begun;
    }

    private void add(StreamItem.Recorded entry) {
        entries.add(entry);
        seen = Math.max(seen, entry.seq());
        if (entry.event() instanceof Event.ToolStarted started) {
            startedCalls.put(started.callId(), entry.seq());
        } else if (entry.event() instanceof Event.ToolCompleted ended) {
            endedCalls.put(ended.callId(), entry.seq());
        }
    }
}
