package dev.carrel.auth;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// Keys seen lately, by their hash, so that a request costs no query. A revocation clears them all:
/// it is rare, and then nothing can be left behind.
final class KnownKeys {
    static final int ENTRIES_MAX = 1024;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Principal> byHash =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Principal> eldest) {
                    return size() > ENTRIES_MAX;
                }
            };
    private long generation;

    Optional<Principal> get(String hash) {
        lock.lock();
        try {
            return Optional.ofNullable(byHash.get(hash));
        } finally {
            lock.unlock();
        }
    }

    /// Asked before the query whose answer goes into [#put].
    long generation() {
        lock.lock();
        try {
            return generation;
        } finally {
            lock.unlock();
        }
    }

    /// Does nothing if keys were revoked since `asOf`: the answer may be older than that.
    void put(String hash, Principal principal, long asOf) {
        lock.lock();
        try {
            if (asOf == generation) {
                byHash.put(hash, principal);
            }
        } finally {
            lock.unlock();
        }
    }

    void clear() {
        lock.lock();
        try {
            generation++;
            byHash.clear();
        } finally {
            lock.unlock();
        }
    }
}
