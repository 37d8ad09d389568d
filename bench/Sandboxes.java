import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/// Sandboxes through the public API beside raw crun, and beside what the disk itself can do, in the same run.
final class Sandboxes {
    private static final int BURST = 100;
    private static final int LANES = 4;

    /// Bursts before anything is measured: a server is up for days, and compiles its code in the first minutes.
    private static final int WARM_UPS = 3;

    private static final int SPREAD = 16;
    private static final int ALIVE = 200;
    private static final int REFILL_MILLIS = 1000;
    private static final int TREE_FILES = 20_000;
    private static final String SMALL = "{\"resources\":{\"memory_mb\":256,\"disk_mb\":2048}}";

    private final int runs;
    private final Target carrel;
    private final Peers peers;

    private Sandboxes(int runs, Target carrel, Peers peers) {
        this.runs = runs;
        this.carrel = carrel;
        this.peers = peers;
    }

    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]);
        int runs = Integer.parseInt(args[1]);
        String config = "sandboxes: {per_project_max: 400, max: 400}\npool: {size: %s}\n";
        for (int pool : List.of(0, 8)) {
            try (Target carrel = Target.start(root, config.formatted(pool), Map.of())) {
                try (Peers peers = Peers.beside(carrel, LANES)) {
                    var bench = new Sandboxes(runs, carrel, peers);
                    if (pool == 0) {
                        bench.cold();
                    } else {
                        bench.pooled();
                    }
                }
            }
        }
    }

    private void cold() throws Exception {
        for (int i = 0; i < WARM_UPS; i++) {
            deleteAll(new ArrayList<>(createAll()));
        }
        Timing.head("milliseconds, p50 of " + runs + " and more runs unless said");
        List<Timing> cold = Timing.alternate(runs, this::createAndRun, peers.one(BareCrun::run));
        cold.get(0).print("cold create -> first command | crun run", "1.6");
        cold.get(1).print("the same | crun run, hardly isolated", "");
        burst();
        commands();
        files();
        sleeping();
        trees();
        alive();
    }

    /// With time to refill in between: a pool is for the first of a burst, not for a constant stream.
    private void pooled() throws Exception {
        double[] ours = new double[runs];
        double[] theirs = new double[runs];
        for (int i = 0; i < runs; i++) {
            TimeUnit.MILLISECONDS.sleep(REFILL_MILLIS);
            ours[i] = Timing.of(this::createAndRun);
            TimeUnit.MILLISECONDS.sleep(REFILL_MILLIS);
            theirs[i] = Timing.of(peers.hardened().getFirst()::exec);
        }
        new Timing(ours, theirs).print("pooled create -> first command | crun exec", "0.4");
    }

    private Void createAndRun() throws Exception {
        String id = carrel.create("{}");
        carrel.executeTrue(id);
        later(() -> {
            carrel.delete(id);
            return null;
        });
        return null;
    }

    /// All at once, as API clients are; crun in as many lanes as keep this machine busy.
    private void burst() throws Exception {
        var ids = new ArrayList<String>();
        double ours = Timing.of(() -> ids.addAll(createAll()));
        String what = "burst of " + BURST + " creates + true, wall | " + BURST + " crun run in " + LANES + " lanes";
        Timing.line(what, ours, peers.runs(peers.hardened(), BURST), "1.3");
        Timing.line("the same | the same, hardly isolated", ours, peers.runs(peers.plain(), BURST), "");
        deleteAll(ids);
    }

    private List<String> createAll() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var made = new ArrayList<Future<String>>();
            for (int i = 0; i < BURST; i++) {
                made.add(threads.submit(() -> {
                    String id = carrel.create(SMALL);
                    carrel.executeTrue(id);
                    return id;
                }));
            }
            var ids = new ArrayList<String>();
            for (Future<String> one : made) {
                ids.add(one.get());
            }
            return ids;
        }
    }

    private void commands() throws Exception {
        String id = carrel.create(SMALL);
        List<Timing> both = Timing.alternate(runs * 20, () -> carrel.executeTrue(id), peers.one(BareCrun::exec));
        Timing one = both.get(0);
        one.print("execute true | crun exec true", "0.3");
        both.get(1).print("the same | crun exec, hardly isolated", "");
        Timing.line("execute true, p99 | the same", Timing.percentile(one.ours(), 99), Timing.percentile(one.theirs(), 99), "");
        Timing.line("commands per second, one at a time", perSecond(List.of(id), runs * 20), "");
        carrel.delete(id);
        var ids = new ArrayList<String>();
        for (int i = 0; i < SPREAD; i++) {
            ids.add(carrel.create(SMALL));
        }
        perSecond(ids, runs * 10);
        Timing.line("commands per second over " + SPREAD + " sandboxes", perSecond(ids, runs * 100), ">= 500");
        deleteAll(ids);
    }

    private double perSecond(List<String> ids, int count) throws Exception {
        double millis = Timing.of(() -> {
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var done = new ArrayList<Future<?>>();
                for (String id : ids) {
                    done.add(threads.submit(() -> {
                        for (int i = 0; i < count / ids.size(); i++) {
                            carrel.executeTrue(id);
                        }
                        return null;
                    }));
                }
                for (Future<?> one : done) {
                    one.get();
                }
            }
            return null;
        });
        return count / ids.size() * ids.size() / millis * 1000;
    }

    private void files() throws Exception {
        String id = carrel.create(SMALL);
        String path = "/v1/sandboxes/" + id + "/files/workspace/file";
        byte[] small = new byte[10_240];
        carrel.send("PUT", path, small);
        Callable<?> answer = () -> carrel.send("GET", "/healthz", null);
        Timing.alternate(runs * 20, () -> carrel.send("GET", path, null), answer).print("read a 10 KB file | a static answer of this server", "1.5");
        Timing.alternate(runs * 5, () -> carrel.send("PUT", path, small), answer).print("write a 10 KB file | a static answer of this server", "");
        byte[] large = new byte[64 << 20];
        Path copy = carrel.home.resolve("copy");
        Timing.alternate(3, () -> carrel.send("PUT", path, large), () -> Files.write(copy, large)).print("write 64 MB | to a file of the host", "");
        Timing.alternate(3, () -> carrel.send("GET", path, null), () -> Files.readAllBytes(copy)).print("read 64 MB | from a file of the host", "");
        carrel.delete(id);
    }

    private void sleeping() throws Exception {
        String id = carrel.create(SMALL);
        String path = "/v1/sandboxes/" + id;
        double[] pause = new double[runs];
        double[] wake = new double[runs];
        double[] awake = new double[runs];
        for (int i = 0; i < runs; i++) {
            awake[i] = Timing.of(() -> carrel.executeTrue(id));
            pause[i] = Timing.of(() -> carrel.post(path + "/pause", "{}"));
            wake[i] = Timing.of(() -> carrel.executeTrue(id));
        }
        Timing.line("pause", Timing.percentile(pause, 50), "");
        Timing.line("paused -> command's output | execute", Timing.percentile(wake, 50), Timing.percentile(awake, 50), "+5 ms");
        carrel.delete(id);
    }

    /// 20,000 files and 450 MB. Beside it: `cp -a` of the same tree inside.
    private void trees() throws Exception {
        String id = carrel.create(SMALL);
        carrel.execute(id, "mkdir t && cd t && python3 - <<'END'\nimport os\nfor i in range(%d):\n if i%%200==0: os.makedirs(f'd{i//200}')\n open(f'd{i//200}/f{i}','wb').write(os.urandom(23593))\nEND\nsync".formatted(TREE_FILES));
        double copy = Timing.of(() -> carrel.execute(id, "cp -a t /root/copy && rm -r /root/copy"));
        String path = "/v1/sandboxes/" + id;
        var snapshots = new ArrayList<String>();
        double[] snapshot = Timing.repeat(runs / 2, () -> snapshots.add(carrel.post(path + "/snapshots", "{}").path("id").asText()));
        Timing.line("snapshot of 20,000 files, 450 MB | cp -a and rm", Timing.percentile(snapshot, 50), copy, "20 ms");
        var forks = new ArrayList<String>();
        double[] fork = Timing.repeat(runs / 2, () -> {
            for (JsonNode one : carrel.post(path + "/fork", "{}").path("data")) {
                forks.add(one.path("id").asText());
            }
            return null;
        });
        Timing.line("fork of the same, running | cp -a and rm", Timing.percentile(fork, 50), copy, "100 ms");
        double[] restore = Timing.repeat(5, () -> carrel.post(path + "/restore", "{\"snapshot\":\"" + snapshots.getFirst() + "\"}"));
        Timing.line("restore in place, running again", Timing.percentile(restore, 50), "");
        deleteAll(forks);
        for (String one : snapshots) {
            carrel.send("DELETE", "/v1/snapshots/" + one, null);
        }
        carrel.delete(id);
    }

    private void alive() throws Exception {
        var ids = new ArrayList<String>();
        for (int i = 0; i < ALIVE; i++) {
            ids.add(carrel.create(SMALL));
            carrel.executeTrue(ids.getLast());
        }
        double[] answers = new double[ALIVE];
        for (int i = 0; i < ALIVE; i++) {
            String id = ids.get(i);
            answers[i] = Timing.of(() -> carrel.executeTrue(id));
        }
        Timing.line(ALIVE + " alive at once: execute true in each", Timing.percentile(answers, 50), "");
        long bytes = 0;
        long pss = 0;
        for (String id : ids) {
            bytes += Groups.memoryBytes(id);
            pss += Groups.pssBytes(id);
        }
        String what = "memory of an idle sandbox, KiB: control group | its processes";
        Timing.line(what, bytes / 1024.0 / ALIVE, pss / 1024.0 / ALIVE, "+1024 KiB");
        deleteAll(ids);
    }

    private void deleteAll(List<String> ids) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var done = new ArrayList<Future<?>>();
            for (String id : ids) {
                done.add(threads.submit(() -> {
                    carrel.delete(id);
                    return null;
                }));
            }
            for (Future<?> one : done) {
                one.get();
            }
        }
    }

    private static void later(Callable<?> work) {
        Thread.startVirtualThread(() -> {
            try {
                work.call();
            } catch (Exception e) {
                System.err.println(e);
            }
        });
    }
}
