package dev.carrel.session;

import dev.carrel.agent.TurnId;
import dev.carrel.model.Cancellation;
import dev.carrel.store.ProjectId;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The right to run one turn, held by one worker of this process until it is given back or lost.
/// Any thread may call it.
public final class Lease {
    private final SessionKey session;
    private final TurnId turn;
    private final Claim claim;
    private final Cancellation cancellation = new Cancellation();
    private final Cancellation abandonment = new Cancellation();
    private final CountDownLatch ended = new CountDownLatch(1);

    /// What the claim found and set: `position` orders the turns of the session, `epoch` fences off
    /// earlier owners, `failures` counts the runs that ended by an unexpected exception.
    record Claim(long position, long epoch, int failures, boolean cancelRequested) {}

    Lease(SessionKey session, TurnId turn, Claim claim) {
        this.session = session;
        this.turn = turn;
        this.claim = claim;
        if (claim.cancelRequested()) {
            cancellation.cancel();
        }
    }

    public ProjectId project() {
        return session.project();
    }

    public SessionId session() {
        return session.id();
    }

    public TurnId turn() {
        return turn;
    }

    /// How many runs of this turn have ended by an unexpected exception before this one.
    public int failures() {
        return claim.failures();
    }

    /// The user wants the turn to end: what runs for it is stopped, and the journal says so.
    public Cancellation cancellation() {
        return cancellation;
    }

    /// This worker must let go of the turn: the journal takes no entry from it any more, and what
    /// runs in the sandbox is left alone, because the next owner goes on with it.
    public Cancellation abandonment() {
        return abandonment;
    }

    /// Says that this worker does nothing for the turn any more.
    void end() {
        ended.countDown();
    }

    /// False when the worker is still at it after `timeout`.
    boolean awaitEnd(Duration timeout) throws InterruptedException {
        return ended.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    SessionKey key() {
        return session;
    }

    Claim claim() {
        return claim;
    }

    @Override
    public String toString() {
        return turn + " of " + session.id();
    }
}
