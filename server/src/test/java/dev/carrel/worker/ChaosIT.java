package dev.carrel.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A session in which each thing goes wrong at each place. `-Dcarrel.chaos=all` takes every place,
/// as `bench/chaos` does; `-Dcarrel.chaos=commit:die:7` one; without it, some of each kind, chosen
/// at random with a seed that is printed and can be given as `-Dcarrel.chaos.seed`.
@Timeout(1800)
class ChaosIT {
    private static final int LANES = 4;
    private static final int OF_EACH_KIND = 3;

    private static final Map<ChaosPlace, List<ChaosBlow>> KINDS = new EnumMap<>(ChaosPlace.class);

    static {
        KINDS.put(ChaosPlace.WORK, List.of(ChaosBlow.FULL, ChaosBlow.LONG_FULL, ChaosBlow.BUSY));
        KINDS.put(ChaosPlace.COMMIT, List.of(ChaosBlow.IO_ERROR, ChaosBlow.DIE));
        KINDS.put(ChaosPlace.COMMITTED, List.of(ChaosBlow.IO_ERROR, ChaosBlow.DIE));
        KINDS.put(ChaosPlace.CHUNK, List.of(ChaosBlow.CUT, ChaosBlow.DIE, ChaosBlow.FREEZE));
        KINDS.put(ChaosPlace.BEFORE_TOOL, List.of(ChaosBlow.DIE, ChaosBlow.FREEZE));
        KINDS.put(ChaosPlace.AFTER_TOOL, List.of(ChaosBlow.DIE, ChaosBlow.FREEZE));
    }

    private final AtomicInteger injections = new AtomicInteger();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private ChaosHomes homes;
    private ChaosCheck check;

    @Test
    void whateverGoesWrongTheSessionEndsAsIfNothingHad() throws Exception {
        String wanted = System.getProperty("carrel.chaos", "some");
        if (wanted.contains(":") && !Injection.Case.isOne(wanted)) {
            return; // one of the other test's
        }
        try (var folders = new ChaosHomes()) {
            homes = folders;
            var nothing = new Injection(new Injection.Case(ChaosPlace.WORK, ChaosBlow.FULL, 0));
            check = new ChaosCheck(run(nothing));
            perform(
                    switch (wanted) {
                        case "all" -> all(nothing);
                        case "some" -> some(nothing);
                        default -> List.of(() -> perform(Injection.Case.parse(wanted)));
                    });
        }
        int survived = injections.get() - failures.size();
        System.out.println("survived " + survived + " of " + injections + " injections");
        assertThat(failures).isEmpty();
    }

    private static void perform(List<Callable<Boolean>> tasks) throws Exception {
        try (var threads = Executors.newFixedThreadPool(LANES)) {
            for (Future<Boolean> task : threads.invokeAll(tasks)) {
                task.get();
            }
        }
    }

    /// False when all was over before anything went wrong.
    private boolean perform(Injection.Case each) {
        var injection = new Injection(each);
        String failure = "";
        try {
            check.require(run(injection), each.place() != ChaosPlace.CHUNK);
        } catch (Exception | AssertionError | Injection.Died e) {
            failure = "-Dcarrel.chaos=" + each + "\n" + e;
        }
        if (injection.fired() || !failure.isEmpty()) {
            injections.incrementAndGet();
        }
        if (!failure.isEmpty()) {
            System.out.println("failed: -Dcarrel.chaos=" + each);
            failures.add(failure);
        }
        return injection.fired();
    }

    private ChaosRun.Outcome run(Injection injection) throws Exception {
        Path home = homes.next();
        try (var run = new ChaosRun(home, injection)) {
            return run.run();
        } finally {
            homes.remove(home);
        }
    }

    /// For each kind the 1st, 2nd, 3rd … place, until a run ends before it is reached. How often a
    /// place is reached differs a little from run to run, as threads go.
    private List<Callable<Boolean>> all(Injection undisturbed) {
        var sweeps = new ArrayList<Callable<Boolean>>();
        KINDS.forEach((place, blows) -> {
            for (ChaosBlow blow : blows) {
                sweeps.add(() -> {
                    int n = 1;
                    while (perform(new Injection.Case(place, blow, n))
                            || n < undisturbed.reached(place)) {
                        n++;
                    }
                    return true;
                });
            }
        });
        return sweeps;
    }

    private List<Callable<Boolean>> some(Injection undisturbed) {
        long seed = Long.getLong("carrel.chaos.seed", System.nanoTime());
        System.out.println("-Dcarrel.chaos.seed=" + seed);
        var random = new Random(seed);
        var cases = new ArrayList<Callable<Boolean>>();
        KINDS.forEach((place, blows) -> {
            for (ChaosBlow blow : blows) {
                for (int i = 0; i < OF_EACH_KIND; i++) {
                    int n = 1 + random.nextInt(undisturbed.reached(place));
                    cases.add(() -> perform(new Injection.Case(place, blow, n)));
                }
            }
        });
        return cases;
    }
}
