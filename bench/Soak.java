import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// Creates, uses, pauses, forks, snapshots, restores and deletes sandboxes at random while the server is killed with -9
/// every minute. At the end every file that was acknowledged is there with its content, every sandbox that was deleted is
/// gone, and the host holds nothing of a sandbox that the server does not know.
final class Soak {
    private static final int WORKERS = 4;
    private static final int SANDBOXES_MAX = 12;
    private static final Duration LIFE = Duration.ofMinutes(1);
    private static final String SMALL = "{\"resources\":{\"memory_mb\":256,\"disk_mb\":256},\"image\":\"coding\"}";

    private final Target carrel;
    private final long seed;
    private final AtomicBoolean over = new AtomicBoolean();
    private final Map<String, AtomicLong> done = new ConcurrentHashMap<>();

    /// What must be there: by sandbox, the number that was last written and acknowledged. One worker owns a sandbox.
    private final Map<String, Long> files = new ConcurrentHashMap<>();

    /// Deleted, or perhaps: the answer got lost.
    private final Map<String, Boolean> deleted = new ConcurrentHashMap<>();

    /// Whose restore has not been answered.
    private final Set<String> restoring = ConcurrentHashMap.newKeySet();

    private Soak(Target carrel, long seed) {
        this.carrel = carrel;
        this.seed = seed;
    }

    public static void main(String[] args) throws Exception {
        Duration length = Duration.ofSeconds(Long.parseLong(args[1]));
        long seed = args.length > 2 ? Long.parseLong(args[2]) : System.nanoTime();
        System.out.println("seed " + seed);
        try (Target carrel = Target.start(Path.of(args[0]), "pool: {size: 2}\n", Map.of())) {
            // Not temporary: a killed server leaves its sandboxes to the next.
            carrel.relaunch(List.of());
            try {
                new Soak(carrel, seed).run(length);
            } finally {
                carrel.relaunch(List.of("--temporary"));
            }
        }
    }

    private void run(Duration length) throws Exception {
        long end = System.nanoTime() + length.toNanos();
        int kills = 0;
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var workers = new ArrayList<java.util.concurrent.Future<?>>();
            for (int i = 0; i < WORKERS; i++) {
                var random = new Random(seed + i);
                workers.add(threads.submit(() -> {
                    work(random);
                    return null;
                }));
            }
            while (System.nanoTime() < end) {
                Thread.sleep(Math.min(LIFE.toMillis(), Math.max(1, (end - System.nanoTime()) / 1_000_000)));
                carrel.kill();
                kills++;
                carrel.launch(carrel.port(), List.of());
            }
            over.set(true);
            for (var worker : workers) {
                worker.get();
            }
        }
        verify();
        System.out.println("the server was killed " + kills + " times; done: " + new TreeMap<>(done));
    }

    /// Owns some sandboxes and does one thing after another to one of them.
    private void work(Random random) throws Exception {
        var own = new ArrayList<String>();
        var snapshots = new HashMap<String, Map.Entry<String, Long>>();
        while (!over.get()) {
            try {
                step(random, own, snapshots);
            } catch (ConnectException e) {
                awaitServer();
            } catch (IOException e) {
                if (!isLost(e)) {
                    throw e;
                }
                count("lost answers");
            }
        }
    }

    private void awaitServer() throws Exception {
        while (true) {
            try {
                carrel.send("GET", "/healthz", null);
                return;
            } catch (ConnectException e) {
                Thread.sleep(50); // it is starting
            }
        }
    }

    private void step(Random random, List<String> own, Map<String, Map.Entry<String, Long>> snapshots) throws Exception {
        if (own.isEmpty() || (own.size() < SANDBOXES_MAX / WORKERS && random.nextInt(4) == 0)) {
            own.add(created());
            return;
        }
        String id = own.get(random.nextInt(own.size()));
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> write(id, random.nextLong(1L << 40));
            case 3, 4 -> check(id);
            case 5 -> pause(id);
            case 6 -> fork(id, own);
            case 7 -> {
                Long number = files.get(id);
                if (number != null) {
                    String snapshot = carrel.post("/v1/sandboxes/" + id + "/snapshots", "{}").path("id").asText();
                    count("snapshot");
                    var earlier = snapshots.put(id, Map.entry(snapshot, number));
                    if (earlier != null) {
                        carrel.send("DELETE", "/v1/snapshots/" + earlier.getKey(), null);
                    }
                }
            }
            case 8 -> restore(id, snapshots);
            default -> {
                own.remove(id);
                files.remove(id);
                deleted.put(id, false);
                carrel.delete(id);
                deleted.put(id, true);
                var kept = snapshots.remove(id);
                if (kept != null) {
                    carrel.send("DELETE", "/v1/snapshots/" + kept.getKey(), null);
                }
                count("delete");
            }
        }
    }

    private String created() throws Exception {
        String id = carrel.create(SMALL);
        count("create");
        return id;
    }

    /// While the answer is out, either content is right.
    private void write(String id, long number) throws Exception {
        files.remove(id);
        carrel.send("PUT", "/v1/sandboxes/" + id + "/files/workspace/number", Long.toString(number).getBytes(StandardCharsets.UTF_8));
        String there = carrel.execute(id, "cat /workspace/number");
        if (!there.equals(Long.toString(number))) {
            throw new IllegalStateException(id + " was told " + number + " and holds " + there);
        }
        files.put(id, number);
        count("write");
    }

    /// One whose restore was cut off by a kill is stopped until its next use.
    private void pause(String id) throws Exception {
        try {
            carrel.post("/v1/sandboxes/" + id + "/pause", "{}");
            count("pause");
        } catch (IOException e) {
            if (!restoring.contains(id) || !String.valueOf(e.getMessage()).contains("sandbox_not_running")) {
                throw e;
            }
            count("pause of a stopped one");
        }
    }

    private void check(String id) throws Exception {
        Long number = files.get(id);
        if (number != null) {
            String there = carrel.execute(id, "cat /workspace/number");
            if (!there.equals(number.toString())) {
                throw new IllegalStateException("lost: " + id + " should hold " + number + " and holds " + there);
            }
            count("check");
        }
    }

    private void fork(String id, List<String> own) throws Exception {
        if (own.size() >= SANDBOXES_MAX / WORKERS) {
            return;
        }
        for (JsonNode one : carrel.post("/v1/sandboxes/" + id + "/fork", "{}").path("data")) {
            String fork = one.path("id").asText();
            own.add(fork);
            Long number = files.get(id);
            if (number != null) {
                files.put(fork, number);
                check(fork);
            }
            count("fork");
        }
    }

    private void restore(String id, Map<String, Map.Entry<String, Long>> snapshots) throws Exception {
        var snapshot = snapshots.remove(id);
        if (snapshot != null) {
            files.remove(id);
            restoring.add(id);
            carrel.post("/v1/sandboxes/" + id + "/restore", "{\"snapshot\":\"" + snapshot.getKey() + "\"}");
            restoring.remove(id);
            files.put(id, snapshot.getValue());
            check(id);
            carrel.send("DELETE", "/v1/snapshots/" + snapshot.getKey(), null);
            count("restore");
        }
    }

    private void count(String what) {
        done.computeIfAbsent(what, key -> new AtomicLong()).incrementAndGet();
    }

    /// The connection broke with the server; whatever it answered itself is a failure of the test.
    private static boolean isLost(IOException e) {
        return e.getMessage() == null || !e.getMessage().matches("(?s)[A-Z]+ /v1.*: \\d{3} .*");
    }

    private void verify() throws Exception {
        for (String id : files.keySet()) {
            check(id);
        }
        var known = new ArrayList<String>();
        String cursor = "";
        do {
            JsonNode page = carrel.get("/v1/sandboxes?limit=100" + cursor);
            page.path("data").forEach(one -> known.add(one.path("id").asText()));
            cursor = page.path("next_cursor").isNull() ? "" : "&cursor=" + page.path("next_cursor").asText();
        } while (!cursor.isEmpty());
        deleted.forEach((id, sure) -> {
            if (sure && known.contains(id)) {
                throw new IllegalStateException("deleted and still there: " + id);
            }
        });
        for (String id : known) {
            carrel.delete(id);
        }
        for (JsonNode one : carrel.get("/v1/snapshots?limit=100").path("data")) {
            carrel.send("DELETE", "/v1/snapshots/" + one.path("id").asText(), null);
        }
        System.out.println("verified " + files.size() + " files and deleted " + known.size() + " sandboxes");
    }
}
