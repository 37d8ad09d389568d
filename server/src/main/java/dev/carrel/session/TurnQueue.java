package dev.carrel.session;

import dev.carrel.agent.Event;
import dev.carrel.agent.TurnId;
import dev.carrel.store.Ids;
import dev.carrel.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The turns that wait to be run or are running, over all sessions, and who may run them. One
/// object stands for one owner of leases: this process. Any thread may call it.
public final class TurnQueue {
    private final Store store;
    private final Hub hub;
    private final InstantSource clock;
    private final Budgets budgets;
    private final String owner = Ids.next("wrk");
    private final ConcurrentHashMap<TurnId, Lease> held = new ConcurrentHashMap<>();
    private final KeptJournals kept = new KeptJournals();
    private final Semaphore news = new Semaphore(0);

    TurnQueue(Store store, Hub hub, InstantSource clock, Budgets budgets) {
        this.store = store;
        this.budgets = budgets;
        this.hub = hub;
        this.clock = clock;
    }

    /// Takes up to `max` turns that nobody runs, the longest waiting first: at most one of each
    /// session, and the first of its queue. The leases last for `length` unless renewed.
    public List<Lease> claim(int max, Duration length) {
        Instant now = clock.instant();
        // Looking costs no sync to disk, and most often there is nothing.
        if (store.read(handle -> TurnRows.claimable(handle, now, 1)).isEmpty()) {
            return List.of();
        }
        List<Lease> leases =
                store.write(handle ->
                        TurnRows.claimable(handle, now, max).stream()
                                .map(turn -> TurnRows.claim(handle, turn, owner, now.plus(length)))
                                .toList());
        leases.forEach(this::hold);
        cancelWhereRequested(leases);
        return leases;
    }

    /// Extends all leases that this process holds. One that was lost meanwhile is abandoned, one
    /// whose turn was interrupted elsewhere is cancelled.
    public void renew(Duration length) {
        List<Lease> leases = List.copyOf(held.values());
        if (leases.isEmpty()) {
            return;
        }
        Instant expiresAt = clock.instant().plus(length);
        var lost = new ArrayList<Lease>();
        store.write(handle -> {
            lost.clear();
            for (Lease lease : leases) {
                if (TurnRows.holds(handle, lease)) {
                    TurnRows.extend(handle, lease, expiresAt);
                } else {
                    lost.add(lease);
                }
            }
            return leases.size();
        });
        lost.forEach(lease -> lease.abandonment().cancel());
        cancelWhereRequested(leases);
    }

    /// The journal of the turn's session, for whoever runs the turn.
    public SessionJournal journal(Lease lease) {
        return new SessionJournal(store, this, hub, clock, budgets, lease);
    }

    /// What earlier turns knew of their sessions.
    KeptJournals kept() {
        return kept;
    }

    /// Ends this process's part in a turn. If the turn has not ended, anybody may claim it at once.
    public void release(Lease lease) {
        giveBack(lease, clock.instant(), lease.failures());
    }

    /// The same after a run that the server itself could not go on with, for as long as `pause`.
    public void postpone(Lease lease, Duration pause) {
        giveBack(lease, clock.instant().plus(pause), lease.failures());
    }

    /// The same after a run that failed: the failure is counted, and the next claim waits.
    public void releaseFailed(Lease lease, Duration pause) {
        giveBack(lease, clock.instant().plus(pause), lease.failures() + 1);
    }

    /// Ends a turn whose journal cannot be read, so that its session is not stuck for ever. Fails
    /// with [LeaseLostException].
    public void end(Lease lease, Event.TurnCompleted end) {
        StreamItem.Recorded entry =
                store.write(handle -> {
                    TurnRows.requireHeld(handle, lease);
                    TurnRows.complete(handle, lease.turn());
                    return EventRows.append(
                            handle, lease.key(), Optional.of(lease.turn()), end, clock.instant());
                });
        hub.publish(lease.session(), entry);
    }

    /// Makes every running turn claimable now. Only for a process that knows that it is the only
    /// one on this database: whoever held those leases is dead.
    public void voidLeases() {
        store.write(TurnRows::voidLeases);
    }

    /// Waits until a turn may have become claimable, at most for `timeout`.
    public void awaitNews(Duration timeout) throws InterruptedException {
        if (news.tryAcquire(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
            news.drainPermits();
        }
    }

    /// Ends a wait in [#awaitNews], or the next one.
    public void announce() {
        if (news.availablePermits() == 0) {
            news.release();
        }
    }

    /// The same for a turn that waits for somebody's word by now: it is nobody's already.
    void rested(Lease lease) {
        held.remove(lease.turn(), lease);
    }

    /// The lease of a turn that this process runs.
    Optional<Lease> held(TurnId turn) {
        return Optional.ofNullable(held.get(turn));
    }

    private void giveBack(Lease lease, Instant from, int failures) {
        try {
            store.write(handle -> {
                if (TurnRows.holds(handle, lease)) {
                    TurnRows.giveBack(handle, lease, from, failures);
                }
                return lease;
            });
        } finally {
            held.remove(lease.turn(), lease);
            lease.end();
            announce();
        }
    }

    /// A lease of our own that ran out (the machine slept) is one that we lost like any other.
    private void hold(Lease lease) {
        @Nullable Lease before = held.put(lease.turn(), lease);
        if (before != null) {
            before.abandonment().cancel();
        }
    }

    /// A request made after the claim finds the lease in `held`, one made before it is found here.
    private void cancelWhereRequested(List<Lease> leases) {
        List<Lease> requested =
                store.read(handle ->
                        leases.stream()
                                .filter(lease -> !lease.cancellation().isCancelled())
                                .filter(lease -> TurnRows.cancelRequested(handle, lease.turn()))
                                .toList());
        requested.forEach(lease -> lease.cancellation().cancel());
    }
}
