package dev.carrel.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sandboxes made ahead, so that whoever wants one does not wait for it. They are of the default
/// kind and of those that were asked for lately. A thread of its own makes them one after the
/// other; any thread takes them. None comes back once it was somebody's.
final class WarmPool implements AutoCloseable {
    /// How long a kind is kept after it was last asked for.
    static final Duration DEMAND = Duration.ofHours(1);

    /// Besides the default one.
    static final int KINDS_MAX = 3;

    /// After a failure, which another attempt at once would only repeat.
    static final Duration FAILURE_WAIT = Duration.ofMinutes(1);

    /// After one was taken: whoever took it is about to use it, and making another takes all of a
    /// processor.
    static final Duration TAKEN_WAIT = Duration.ofMillis(200);

    private static final Duration ROUND_EVERY = Duration.ofSeconds(1);
    private static final Duration END_WAIT = Duration.ofSeconds(60);
    private static final Logger LOG = LoggerFactory.getLogger(WarmPool.class);

    private final WarmSandbox.Kind byDefault;
    private final WarmSettings settings;
    private final SandboxRuntime runtime;
    private final SandboxBirths births;
    private final SandboxLifecycle lifecycle;
    private final InstantSource clock;
    private final Semaphore news = new Semaphore(0);
    private @Nullable Thread thread;

    // All guarded by this.
    private final Map<WarmSandbox.Kind, Deque<WarmSandbox>> ready = new HashMap<>();
    private final Map<WarmSandbox.Kind, Instant> asked = new HashMap<>();
    private final Map<WarmSandbox.Kind, Instant> notBefore = new HashMap<>();
    private final List<WarmSandbox> unusable = new ArrayList<>();
    private boolean closed;

    WarmPool(
            WarmSandbox.Kind byDefault,
            WarmSettings settings,
            SandboxRuntime runtime,
            SandboxBirths births,
            SandboxLifecycle lifecycle,
            InstantSource clock) {
        this.byDefault = byDefault;
        this.settings = settings;
        this.runtime = runtime;
        this.births = births;
        this.lifecycle = lifecycle;
        this.clock = clock;
    }

    void start() {
        if (settings.size() > 0) {
            thread = Thread.ofVirtual().name("warm-pool").start(this::work);
        }
    }

    private void work() {
        try {
            while (!isClosed()) {
                try {
                    refill();
                } catch (RuntimeException e) {
                    LOG.warn("a round of the warm pool failed", e);
                }
                if (news.tryAcquire(ROUND_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                    Thread.sleep(TAKEN_WAIT);
                    news.drainPermits();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody interrupts this thread
        }
    }

    /// One that can become what `spec` asks for, if there is one. It is the caller's now, to bind
    /// or to give back.
    Optional<WarmSandbox> take(SandboxSpec spec) {
        if (settings.size() == 0 || spec.snapshot().isPresent()) {
            return Optional.empty();
        }
        var kind = WarmSandbox.Kind.of(spec);
        for (Optional<WarmSandbox> next = poll(kind); next.isPresent(); next = poll(kind)) {
            WarmSandbox found = next.get();
            if (found.running().isAlive() && runtime.isCurrent(found.id(), found.spec())) {
                return next;
            }
            dispose(found);
        }
        return Optional.empty();
    }

    private synchronized Optional<WarmSandbox> poll(WarmSandbox.Kind kind) {
        if (closed) {
            return Optional.empty();
        }
        asked.put(kind, clock.instant());
        news.release();
        return Optional.ofNullable(of(kind).pollFirst());
    }

    /// Takes one back that nothing was done to.
    void giveBack(WarmSandbox warm) {
        if (!add(warm)) {
            dispose(warm);
        }
    }

    private synchronized boolean add(WarmSandbox warm) {
        if (closed) {
            return false;
        }
        of(warm.kind()).addLast(warm);
        return true;
    }

    private synchronized void dispose(WarmSandbox warm) {
        unusable.add(warm);
        news.release();
    }

    /// Removes what is not wanted and makes what is, until all is there or nothing can be made.
    void refill() {
        removeUnwanted();
        for (Optional<WarmSandbox.Kind> next = missing(); next.isPresent(); next = missing()) {
            try {
                giveBack(births.createWarm(next.get().spec(), clock.instant()));
            } catch (RuntimeException e) {
                failed(next.get());
                LOG.warn("no warm sandbox of image {} can be made now", next.get().image(), e);
            }
            removeUnwanted();
        }
    }

    private synchronized void failed(WarmSandbox.Kind kind) {
        notBefore.put(kind, clock.instant().plus(FAILURE_WAIT));
    }

    private void removeUnwanted() {
        for (WarmSandbox warm : unwanted()) {
            lifecycle.discard(warm.id());
        }
    }

    private synchronized List<WarmSandbox> unwanted() {
        List<WarmSandbox.Kind> kinds = closed ? List.of() : kinds();
        List<WarmSandbox> unwanted = new ArrayList<>(unusable);
        unusable.clear();
        ready.forEach((kind, all) -> {
            if (!kinds.contains(kind)) {
                unwanted.addAll(all);
                all.clear();
            }
        });
        return unwanted;
    }

    private synchronized Optional<WarmSandbox.Kind> missing() {
        Instant now = clock.instant();
        return closed
                ? Optional.empty()
                : kinds().stream()
                        .filter(kind -> of(kind).size() < settings.size())
                        .filter(kind -> !notBefore.getOrDefault(kind, Instant.MIN).isAfter(now))
                        .filter(kind -> usedMib() + kind.memoryMib() <= settings.memoryMib())
                        .findFirst();
    }

    // Those asked for last are the first.
    private List<WarmSandbox.Kind> kinds() {
        Instant oldest = clock.instant().minus(DEMAND);
        asked.values().removeIf(oldest::isAfter);
        List<WarmSandbox.Kind> kinds = new ArrayList<>(asked.keySet());
        kinds.remove(byDefault);
        kinds.sort(Comparator.comparing(asked::get).reversed());
        List<WarmSandbox.Kind> kept =
                new ArrayList<>(kinds.subList(0, Math.min(kinds.size(), KINDS_MAX)));
        asked.keySet().removeIf(kind -> !kept.contains(kind));
        kept.addFirst(byDefault);
        return kept;
    }

    private int usedMib() {
        return ready.entrySet().stream()
                .mapToInt(entry -> entry.getKey().memoryMib() * entry.getValue().size())
                .sum();
    }

    private Deque<WarmSandbox> of(WarmSandbox.Kind kind) {
        return ready.computeIfAbsent(kind, absent -> new ArrayDeque<>());
    }

    synchronized int size() {
        return ready.values().stream().mapToInt(Deque::size).sum();
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /// Makes no more, and removes those that nobody took.
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        news.release();
        try {
            if (thread != null && !thread.join(END_WAIT)) {
                LOG.warn("the warm pool does not come to its end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        removeUnwanted();
    }
}
