package dev.carrel.image;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The pulls under way: the same one asked for twice runs once. Any thread may use it.
final class Pulls implements AutoCloseable {
    /// One pull, waiting for its turn included.
    static final Duration TIME_MAX = Duration.ofMinutes(30);

    static final int AT_ONCE_MAX = 4;
    static final int KNOWN_MAX = 64;

    private static final Logger LOG = LoggerFactory.getLogger(Pulls.class);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

    private final Semaphore atOnce = new Semaphore(AT_ONCE_MAX);
    private final Map<Key, Pull> pulls = new ConcurrentHashMap<>();
    private final Map<Key, Thread> threads = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /// Who pulls what as whom: somebody else's credentials give nobody an image.
    record Key(ProjectId project, String name, Optional<Credentials> credentials) {}

    /// What a pull does; its result is durable when it returns.
    @FunctionalInterface
    interface Work {
        BuiltImage run(Pull pull) throws IOException;
    }

    /// Starts `work`, or joins what has the same key. Fails with `RATE_LIMITED`.
    Pull start(Key key, Work work) {
        var fresh = new Pull();
        if (closed || pulls.size() >= KNOWN_MAX) {
            throw new CarrelException(
                    ErrorCode.RATE_LIMITED,
                    "%d images are being pulled, which is the limit; retry when some are done"
                            .formatted(pulls.size()));
        }
        Pull pull = pulls.computeIfAbsent(key, absent -> fresh);
        if (pull == fresh) {
            Thread thread = Thread.ofVirtual().name("pull").unstarted(() -> run(key, fresh, work));
            threads.put(key, thread);
            Thread.ofVirtual().name("pull-limit").start(() -> limit(fresh, thread));
            thread.start();
        }
        return pull;
    }

    private static void limit(Pull pull, Thread worker) {
        try {
            pull.result().get(TIME_MAX.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            worker.interrupt();
        } catch (InterruptedException | ExecutionException e) {
            return; // it has ended, and those who wait for it hear how
        }
    }

    private void run(Key key, Pull pull, Work work) {
        boolean turn = false;
        try {
            atOnce.acquire();
            turn = true;
            BuiltImage image = work.run(pull);
            pulls.remove(key, pull);
            pull.result().complete(image);
        } catch (CarrelException e) {
            fail(key, pull, e);
        } catch (InterruptedException | java.io.InterruptedIOException e) {
            fail(key, pull, ended(key, e));
        } catch (IOException e) {
            // Mostly the image's fault, not this host's: one line is enough.
            LOG.warn("image {} could not be pulled: {}", key.name(), e.toString());
            fail(
                    key,
                    pull,
                    new CarrelException(
                            ErrorCode.IMAGE_INVALID,
                            "image %s cannot be used: %s".formatted(key.name(), said(e)),
                            e));
        } catch (RuntimeException | Error e) {
            LOG.error("image {} could not be pulled", key.name(), e);
            fail(key, pull, e);
        } finally {
            threads.remove(key);
            if (turn) {
                atOnce.release();
            }
        }
    }

    /// What our own checks say is safe to show; what the system says may hold paths of the host.
    private static String said(IOException e) {
        return e.getClass() == IOException.class
                ? String.valueOf(e.getMessage())
                : "the transfer failed (" + e.getClass().getSimpleName() + ")";
    }

    private static CarrelException ended(Key key, Exception e) {
        return new CarrelException(
                ErrorCode.REGISTRY_UNAVAILABLE,
                "the pull of %s was ended: it took more than %d minutes, or the server is stopping"
                        .formatted(key.name(), TIME_MAX.toMinutes()),
                e);
    }

    private void fail(Key key, Pull pull, Throwable failure) {
        pulls.remove(key, pull);
        pull.result().completeExceptionally(failure);
    }

    /// Those of one project, by name.
    Map<String, Pull> of(ProjectId project) {
        Map<String, Pull> found = new java.util.TreeMap<>();
        pulls.forEach((key, pull) -> {
            if (key.project().equals(project)) {
                found.put(key.name(), pull);
            }
        });
        return found;
    }

    /// Ends all of them. Layers that came whole stay.
    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads.values()) {
            thread.interrupt();
            try {
                thread.join(CLOSE_WAIT);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
