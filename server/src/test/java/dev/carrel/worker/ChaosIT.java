package dev.carrel.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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

    @TempDir Path folder;
    private final AtomicInteger homes = new AtomicInteger();

    @Test
    void whateverGoesWrongTheSessionEndsAsIfNothingHad() throws Exception {
        String wanted = System.getProperty("carrel.chaos", "some");
        var nothing = new Injection(new Injection.Case(ChaosPlace.WORK, ChaosBlow.FULL, 0));
        var check = new ChaosCheck(run(nothing));
        List<Injection.Case> cases =
                switch (wanted) {
                    case "all" -> all(nothing);
                    case "some" -> some(nothing);
                    default -> List.of(Injection.Case.parse(wanted));
                };
        var failures = new ArrayList<String>();
        int survived = 0;
        try (var threads = Executors.newFixedThreadPool(LANES)) {
            List<Future<String>> runs =
                    cases.stream().map(each -> threads.submit(() -> failure(each, check))).toList();
            for (Future<String> run : runs) {
                String failure = run.get();
                if (failure.isEmpty()) {
                    survived++;
                } else {
                    failures.add(failure);
                }
            }
        }
        System.out.println("survived " + survived + " of " + cases.size() + " injections");
        assertThat(failures).isEmpty();
    }

    private String failure(Injection.Case each, ChaosCheck check) throws Exception {
        try {
            check.require(run(new Injection(each)));
            return "";
        } catch (Exception | AssertionError | Injection.Died e) {
            System.out.println("-Dcarrel.chaos=" + each + " failed");
            return "-Dcarrel.chaos=" + each + "\n" + e;
        }
    }

    private ChaosRun.Outcome run(Injection injection) throws Exception {
        Path home = folder.resolve("home-" + homes.incrementAndGet());
        try (var run = new ChaosRun(home, injection)) {
            return run.run();
        }
    }

    /// A place is reached a few times more or less often, as threads go.
    private static List<Injection.Case> all(Injection counts) {
        var cases = new ArrayList<Injection.Case>();
        KINDS.forEach((place, blows) -> {
            for (ChaosBlow blow : blows) {
                for (int n = 1; n <= counts.reached(place) + 1; n++) {
                    cases.add(new Injection.Case(place, blow, n));
                }
            }
        });
        return cases;
    }

    private static List<Injection.Case> some(Injection counts) {
        long seed = Long.getLong("carrel.chaos.seed", System.nanoTime());
        System.out.println("-Dcarrel.chaos.seed=" + seed);
        var random = new Random(seed);
        var cases = new ArrayList<Injection.Case>();
        KINDS.forEach((place, blows) -> {
            for (ChaosBlow blow : blows) {
                for (int i = 0; i < OF_EACH_KIND; i++) {
                    int n = 1 + random.nextInt(counts.reached(place));
                    cases.add(new Injection.Case(place, blow, n));
                }
            }
        });
        return cases;
    }
}
