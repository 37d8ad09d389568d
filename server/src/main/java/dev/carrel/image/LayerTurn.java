package dev.carrel.image;

import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// Lets one thread at a time work on a layer. Two processes may do the same work twice; the second
/// result is dropped.
final class LayerTurn implements AutoCloseable {
    private static final Map<Path, LayerTurn> TURNS = new HashMap<>(); // guarded by TURNS

    private final Path layer;
    private final ReentrantLock lock = new ReentrantLock();
    private int wanted; // guarded by TURNS

    private LayerTurn(Path layer) {
        this.layer = layer;
    }

    static LayerTurn take(Path layer) throws InterruptedIOException {
        LayerTurn turn;
        synchronized (TURNS) {
            turn = TURNS.computeIfAbsent(layer, LayerTurn::new);
            turn.wanted++;
        }
        boolean taken = false;
        try {
            taken = turn.lock.tryLock(Pulls.TIME_MAX.toSeconds(), TimeUnit.SECONDS);
            if (!taken) {
                throw new InterruptedIOException("another pull of the same layer does not end");
            }
            return turn;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the pull was ended");
        } finally {
            if (!taken) {
                turn.leave();
            }
        }
    }

    @Override
    public void close() {
        lock.unlock();
        leave();
    }

    private void leave() {
        synchronized (TURNS) {
            if (--wanted == 0) {
                TURNS.remove(layer);
            }
        }
    }
}
