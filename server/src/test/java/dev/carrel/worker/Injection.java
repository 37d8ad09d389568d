package dev.carrel.worker;

import dev.carrel.store.FaultyStore;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// One thing that goes wrong at the nth time that a place is reached, counted from [#arm] on. Any
/// thread.
final class Injection {
    /// Written as `commit:die:7`, which is what a test prints and takes.
    record Case(ChaosPlace place, ChaosBlow blow, int n) {
        static boolean isOne(String text) {
            return text.split(":").length == 3;
        }

        static Case parse(String text) {
            String[] parts = text.toUpperCase().split(":");
            return new Case(
                    ChaosPlace.valueOf(parts[0]),
                    ChaosBlow.valueOf(parts[1]),
                    Integer.parseInt(parts[2]));
        }

        @Override
        public String toString() {
            return (place + ":" + blow + ":" + n).toLowerCase();
        }
    }

    /// What a dead process does: nothing.
    static final class Died extends Error {
        Died() {
            super("the server of the test is dead");
        }
    }

    /// Longer than the pauses between the three runs that a turn has by default.
    private static final int LONG_WRITES = 12;

    private final Case chosen;
    private final Map<ChaosPlace, Integer> reached = new EnumMap<>(ChaosPlace.class);
    private final CountDownLatch thaw = new CountDownLatch(1);
    private boolean armed;
    private int failing; // writes that still fail
    private boolean fired;
    private boolean dead;
    private boolean frozen;

    Injection(Case chosen) {
        this.chosen = chosen;
    }

    synchronized void arm() {
        armed = true;
    }

    synchronized void disarm() {
        armed = false;
    }

    synchronized boolean fired() {
        return fired;
    }

    synchronized boolean dead() {
        return dead;
    }

    /// The next server has started.
    synchronized void revive() {
        dead = false;
    }

    synchronized boolean frozen() {
        return frozen;
    }

    void thaw() {
        synchronized (this) {
            frozen = false;
        }
        thaw.countDown();
    }

    synchronized int reached(ChaosPlace place) {
        return reached.getOrDefault(place, 0);
    }

    /// True when the provider is to cut its answer.
    boolean reach(ChaosPlace place) {
        ChaosBlow blow = blow(place);
        if (blow == null) {
            return false;
        }
        switch (blow) {
            case FULL, LONG_FULL -> throw FaultyStore.full();
            case BUSY -> throw FaultyStore.busy();
            case IO_ERROR -> throw FaultyStore.ioError();
            case DIE -> {
                if (place == ChaosPlace.CHUNK) {
                    return true;
                }
                throw new Died();
            }
            case CUT -> {
                return true;
            }
            case FREEZE -> {
                freeze();
                return false;
            }
        }
        return false;
    }

    private synchronized @org.jspecify.annotations.Nullable ChaosBlow blow(ChaosPlace place) {
        if (dead) {
            return ChaosBlow.DIE;
        }
        if (!armed) {
            return null;
        }
        if (place == ChaosPlace.WORK && failing > 0) {
            failing--;
            return ChaosBlow.LONG_FULL;
        }
        int count = reached.merge(place, 1, Integer::sum);
        if (place != chosen.place() || count != chosen.n() || fired) {
            return null;
        }
        fired = true;
        dead = chosen.blow() == ChaosBlow.DIE;
        frozen = chosen.blow() == ChaosBlow.FREEZE;
        failing = chosen.blow() == ChaosBlow.LONG_FULL ? LONG_WRITES : 0;
        return chosen.blow();
    }

    private void freeze() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    if (!thaw.await(60, TimeUnit.SECONDS)) {
                        throw new AssertionError("nobody thawed it");
                    }
                    return;
                } catch (InterruptedException e) {
                    interrupted = true; // a frozen process hears nothing
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
