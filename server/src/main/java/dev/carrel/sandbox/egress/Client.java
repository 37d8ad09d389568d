package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.NetworkPolicy;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/// One sandbox, as resolver and proxy see it: its policy as it is now, and what it has open.
final class Client {
    /// Questions in a second that it may go on asking, and how many at once before that counts.
    static final int QUESTIONS_PER_SECOND = 100;

    static final int QUESTIONS_BURST = 500;

    /// Questions without an answer yet; more are dropped.
    static final int QUESTIONS_AT_ONCE_MAX = 64;

    /// Connections to the resolver over TCP.
    static final int STREAMS_MAX = 16;

    /// Connections through the proxy; more are closed at once.
    static final int CONNECTIONS_MAX = 512;

    final Semaphore questions = new Semaphore(QUESTIONS_AT_ONCE_MAX);
    final Semaphore streams = new Semaphore(STREAMS_MAX);
    final Semaphore connections = new Semaphore(CONNECTIONS_MAX);
    final TokenBucket rate = new TokenBucket(QUESTIONS_PER_SECOND, QUESTIONS_BURST);

    private final Set<Passage> passages = ConcurrentHashMap.newKeySet();
    private volatile NetworkPolicy policy;

    Client(NetworkPolicy policy) {
        this.policy = policy;
    }

    NetworkPolicy policy() {
        return policy;
    }

    /// From now on this is the policy; what it does not allow is cut.
    void change(NetworkPolicy next) {
        policy = next;
        passages.stream().filter(passage -> !passage.isAllowedBy(next)).forEach(Passage::cut);
    }

    /// Registers a passage. A change of the policy either sees it here, or is seen by it.
    void add(Passage passage) {
        passages.add(passage);
        if (!passage.isAllowedBy(policy)) {
            passage.cut();
        }
    }

    void remove(Passage passage) {
        passages.remove(passage);
    }

    /// Tokens that come back with time. Any thread takes them.
    static final class TokenBucket {
        private final long nanosEach;
        private final long nanosMax;
        private long nanos;
        private long last = System.nanoTime();

        TokenBucket(int perSecond, int burst) {
            nanosEach = Duration.ofSeconds(1).toNanos() / perSecond;
            nanosMax = nanosEach * burst;
            nanos = nanosMax;
        }

        synchronized boolean take() {
            long now = System.nanoTime();
            nanos = Math.min(nanosMax, nanos + now - last);
            last = now;
            if (nanos < nanosEach) {
                return false;
            }
            nanos -= nanosEach;
            return true;
        }
    }
}
