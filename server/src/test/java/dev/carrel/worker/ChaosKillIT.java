package dev.carrel.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.worker.ChaosServer.Kill;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The session of [ChaosIT] through the public API of a real server, in a real sandbox. The server
/// is killed with -9 before the nth piece of its model's answers, or after some time, and started
/// again. `-Dcarrel.chaos=all` takes every piece and some times, `-Dcarrel.chaos=kill:7` one piece,
/// `after:700` one time in milliseconds; without it a few of both, chosen at random.
@Timeout(1800)
class ChaosKillIT {
    private static final int LANES = 2;
    private static final int SOME = 3;
    private static final int TIMES_OF_ALL = 30;
    private static final int KILL_MILLIS_MAX = 2_000;

    @TempDir Path folder;
    private final ConcurrentLinkedQueue<Kill> kills = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();

    @Test
    void aRealServerThatIsKilledAnywhereFinishesItsSession() throws Exception {
        String wanted = System.getProperty("carrel.chaos", "some");
        if (Injection.Case.isOne(wanted)) {
            return; // one of the other test's
        }
        int all;
        try (var first = new ChaosServer(folder.resolve("0"))) {
            var check = new ChaosCheck(first.run(Kill.NEVER));
            kills.addAll(kills(wanted, first.pieces()));
            all = kills.size();
            performAll(first, check);
        }
        int survived = all - failures.size();
        System.out.println("survived " + survived + " of " + all + " kills of a real server");
        assertThat(failures).isEmpty();
    }

    private void performAll(ChaosServer first, ChaosCheck check) throws Exception {
        var tasks = new ArrayList<Callable<Boolean>>();
        tasks.add(() -> perform(first, check));
        for (int lane = 1; lane < Math.min(LANES, kills.size()); lane++) {
            Path agents = folder.resolve("" + lane);
            tasks.add(() -> {
                try (var server = new ChaosServer(agents)) {
                    return perform(server, check);
                }
            });
        }
        try (var threads = Executors.newFixedThreadPool(LANES)) {
            for (Future<Boolean> task : threads.invokeAll(tasks)) {
                task.get();
            }
        }
    }

    private boolean perform(ChaosServer server, ChaosCheck check) throws Exception {
        for (Kill kill = kills.poll(); kill != null; kill = kills.poll()) {
            try {
                check.require(server.run(kill), !kill.beforePiece());
            } catch (AssertionError e) {
                System.out.println("failed: -Dcarrel.chaos=" + kill);
                failures.add("-Dcarrel.chaos=" + kill + "\n" + e);
            }
        }
        return true;
    }

    private static List<Kill> kills(String wanted, int pieces) {
        String[] parts = wanted.split(":");
        if (parts.length == 2) {
            return List.of(new Kill(parts[0].equals("kill"), Integer.parseInt(parts[1])));
        }
        long seed = Long.getLong("carrel.chaos.seed", System.nanoTime());
        System.out.println("-Dcarrel.chaos.seed=" + seed);
        var random = new Random(seed);
        boolean all = wanted.equals("all");
        IntStream chosen =
                all ? IntStream.rangeClosed(1, pieces) : random.ints(SOME, 1, pieces + 1);
        var kills = new ArrayList<Kill>();
        chosen.forEach(piece -> kills.add(new Kill(true, piece)));
        random.ints(all ? TIMES_OF_ALL : SOME, 0, KILL_MILLIS_MAX)
                .forEach(millis -> kills.add(new Kill(false, millis)));
        return kills;
    }
}
