import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Sessions through the public API beside a bare loop that has the same zero-latency model and no journal, in the same run.
final class Sessions {
    private static final int STEPS = 50;
    private static final int AT_ONCE = 100;
    private static final int STEPS_AT_ONCE = 3;
    private static final int LANES = 4;
    private static final int STREAMS = 2_000;
    private static final int LONG_EVENTS = 5_000;
    private static final int SHORT_EVENTS = 50;
    private static final int WARM_UPS = 3;

    private final int runs;
    private final Target carrel;
    private final Path root;

    private Sessions(Path root, int runs, Target carrel) {
        this.root = root;
        this.runs = runs;
        this.carrel = carrel;
    }

    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]);
        int runs = Integer.parseInt(args[1]);
        Timing.head("milliseconds, p50 of " + runs + " and more runs unless said");
        Journals.measure(runs);
        String config = "providers: {bench: {kind: scripted, script: HOME/bench.yaml}}\npool: {size: 0}\n"
                + "sandboxes: {per_project_max: 400, max: 400}\n";
        try (Target carrel = Target.start(root, config, Map.of("bench.yaml", script()))) {
            var bench = new Sessions(root, runs, carrel);
            bench.deploy();
            try (Peers peers = Peers.beside(carrel, LANES)) {
                bench.steps(peers);
                bench.together(peers);
            }
            bench.lengths();
            bench.streams();
        }
    }

    private void steps(Peers peers) throws Exception {
        String session = session();
        run(session, "commands");
        for (int i = 0; i < WARM_UPS; i++) {
            run(session, "reads");
        }
        var steps = new ArrayList<Double>();
        double[] turns = new double[runs];
        double[] bare = new double[runs];
        double[] tool = new double[runs];
        String sandbox = carrel.get("/v1/sessions/" + session).path("sandbox").asText();
        for (int i = 0; i < runs; i++) {
            String fresh = session();
            run(fresh, "warm up");
            steps.addAll(perStep(run(fresh, "reads")));
            turns[i] = millis(run(fresh, "commands"));
            bare[i] = Timing.of(() -> bareLoop(peers.hardened().getFirst()));
            tool[i] = Timing.of(() -> {
                for (int step = 0; step < STEPS - 1; step++) {
                    carrel.executeTrue(sandbox);
                }
                return null;
            });
            carrel.send("DELETE", "/v1/sessions/" + fresh, null);
        }
        double[] all = steps.stream().mapToDouble(Double::doubleValue).toArray();
        Timing.line("a step whose tool does nothing (durable journal)", Timing.percentile(all, 50), "5 ms");
        Timing.line("the same, p99", Timing.percentile(all, 99), "");
        double turn = Timing.percentile(turns, 50);
        Timing.line("50-step turn of bash true | bare loop of crun exec", turn, Timing.percentile(bare, 50), "");
        Timing.line("the same without the tools' own time (execute true)", turn - Timing.percentile(tool, 50), "500 ms");
        carrel.send("DELETE", "/v1/sessions/" + session, null);
    }

    /// What a loop without a journal does: ask the model, which answers at once, and run what it says.
    private static Void bareLoop(BareCrun crun) throws Exception {
        for (int step = 0; step < STEPS - 1; step++) {
            crun.exec();
        }
        return null;
    }

    /// 100 sessions, first with sandboxes to be made, then with those that they have.
    private void together(Peers peers) throws Exception {
        for (int i = 0; i < WARM_UPS; i++) {
            deleteAll(sessionsAtOnce(new ArrayList<>(), "few"));
        }
        var ids = new ArrayList<String>();
        double cold = Timing.of(() -> sessionsAtOnce(ids, "few"));
        double bareCold = Timing.of(() -> lanes(peers.hardened(), crun -> {
            crun.run();
            for (int i = 1; i < STEPS_AT_ONCE; i++) {
                crun.exec();
            }
        }));
        Timing.line("100 sessions at once, 3 commands, new sandboxes | crun", cold, bareCold, "1.3");
        double warm = Timing.of(() -> sessionsAtOnce(ids, "few"));
        double bareWarm = Timing.of(() -> lanes(peers.hardened(), crun -> {
            for (int i = 0; i < STEPS_AT_ONCE; i++) {
                crun.exec();
            }
        }));
        Timing.line("the same in the sandboxes that they have | crun exec", warm, bareWarm, "1.3");
        deleteAll(ids);
    }

    private static Void lanes(List<BareCrun> lanes, Peers.Work work) throws Exception {
        return atOnce(lanes, lane -> {
            for (int i = 0; i < AT_ONCE / lanes.size(); i++) {
                work.run(lane);
            }
            return null;
        });
    }

    private List<String> sessionsAtOnce(List<String> ids, String task) throws Exception {
        while (ids.size() < AT_ONCE) {
            ids.add(session());
        }
        atOnce(ids, id -> run(id, task));
        return ids;
    }

    /// The same things done to a long session and to a short one.
    private void lengths() throws Exception {
        String shorter = grown(SHORT_EVENTS);
        String longer = grown(LONG_EVENTS);
        compare("open: read the session", longer, shorter, id -> carrel.get("/v1/sessions/" + id));
        compare("stream: from the newest entry", longer, shorter, id -> {
            try (var stream = carrel.follow("/v1/sessions/" + id + "/events?after=" + (last(id) - 1))) {
                stream.awaitEntry();
            }
            return null;
        });
        compare("continue: a turn of one answer", longer, shorter, id -> run(id, "say"));
        var made = new ArrayList<>(List.of(longer, shorter));
        Map<String, Long> ends = Map.of(longer, last(longer), shorter, last(shorter));
        compare("fork without files", longer, shorter, id -> made.add(fork(id, ends.get(id), "none")));
        compare("fork without files, and a turn of one answer", longer, shorter, id -> {
            String fork = fork(id, last(id), "none");
            made.add(fork);
            return run(fork, "say");
        });
        compare("fork with files", longer, shorter, id -> made.add(fork(id, ends.get(id), "restore")));
        deleteAll(made);
    }

    private String fork(String id, long at, String files) throws Exception {
        String body = "{\"at\":%d,\"files\":\"%s\"}".formatted(at, files);
        return carrel.post("/v1/sessions/" + id + "/fork", body).path("id").asText();
    }

    private interface Deed {
        Object on(String session) throws Exception;
    }

    private void compare(String what, String longer, String shorter, Deed deed) throws Exception {
        Timing.alternate(runs * 4, () -> deed.on(longer), () -> deed.on(shorter))
                .print(what + ", " + LONG_EVENTS + " | " + SHORT_EVENTS + " entries", "2");
    }

    private String grown(int entries) throws Exception {
        String id = session();
        while (last(id) < entries) {
            run(id, entries - last(id) > 4 * STEPS ? "reads" : "few");
        }
        return id;
    }

    private long last(String session) throws Exception {
        return carrel.get("/v1/sessions/" + session).path("last_event").asLong();
    }

    /// 2,000 readers of 20 sessions in which a turn runs.
    private void streams() throws Exception {
        var sessions = new ArrayList<String>();
        for (int i = 0; i < STREAMS / AT_ONCE; i++) {
            sessions.add(session());
            run(sessions.getLast(), "warm up");
        }
        long before = carrel.residentKib();
        var streams = new ArrayList<EventReader>();
        for (int i = 0; i < STREAMS; i++) {
            String session = sessions.get(i % sessions.size());
            streams.add(carrel.follow("/v1/sessions/" + session + "/events?after=" + last(session)));
        }
        long open = carrel.residentKib();
        Timing.line(STREAMS + " open streams: KiB of resident memory each", (open - before) / (double) STREAMS, "100");
        double millis = Timing.of(() -> {
            atOnce(sessions, id -> run(id, "few"));
            return atOnce(streams, stream -> {
                stream.awaitEnd();
                return null;
            });
        });
        long entries = streams.stream().mapToLong(EventReader::entries).sum();
        Timing.line("the same after a turn in each session", (carrel.residentKib() - before) / (double) STREAMS, "100");
        Timing.line("entries and pieces to these readers, a second", entries / millis * 1000, "");
        for (EventReader stream : streams) {
            stream.close();
        }
        deleteAll(sessions);
    }

    private String session() throws Exception {
        return carrel.post("/v1/sessions", "{\"agent\":\"bench\"}").path("id").asText();
    }

    /// Sends a message and waits for the end of its turn; returns the entries of the turn.
    private List<JsonNode> run(String session, String task) throws Exception {
        long before = last(session);
        try (EventReader stream = carrel.follow("/v1/sessions/" + session + "/events?after=" + before)) {
            carrel.post("/v1/sessions/" + session + "/messages", "{\"content\":\"" + task + "\"}");
            return stream.awaitEnd();
        }
    }

    private static double millis(List<JsonNode> entries) {
        return between(entries.getFirst(), entries.getLast());
    }

    private static double between(JsonNode first, JsonNode last) {
        return Duration.between(Instant.parse(first.path("time").asText()), Instant.parse(last.path("time").asText()))
                        .toNanos()
                / 1e6;
    }

    /// From one model call to the next.
    private static List<Double> perStep(List<JsonNode> entries) {
        var times = new ArrayList<Double>();
        JsonNode before = null;
        for (JsonNode entry : entries) {
            if (entry.path("type").asText().equals("model.started")) {
                if (before != null) {
                    times.add(between(before, entry));
                }
                before = entry;
            }
        }
        return times;
    }

    private interface Each<T> {
        Object on(T item) throws Exception;
    }

    private static <T> Void atOnce(List<T> items, Each<T> work) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var done = new ArrayList<Future<?>>();
            for (T item : items) {
                done.add(threads.submit((Callable<Object>) () -> work.on(item)));
            }
            for (Future<?> one : done) {
                one.get();
            }
        }
        return null;
    }

    private void deleteAll(List<String> sessions) throws Exception {
        atOnce(sessions, id -> carrel.send("DELETE", "/v1/sessions/" + id, null));
    }

    private void deploy() throws Exception {
        Process tar = new ProcessBuilder("tar", "-cz", "-C", root.resolve("bench/agents").toString(), ".").start();
        carrel.send("POST", "/v1/deployments", tar.getInputStream().readAllBytes());
    }

    private static String script() {
        String read = "  - calls: [{name: read, arguments: {path: /workspace/none%d}}]\n";
        String command = "  - calls: [{name: bash, arguments: {command: \"true %d\"}}]\n";
        return "conversations:\n"
                + conversation("warm up", times(1, read))
                + conversation("reads", times(STEPS - 1, read))
                + conversation("commands", times(STEPS - 1, command))
                + conversation("few", times(STEPS_AT_ONCE, command))
                + conversation("say", "");
    }

    /// Each a little different: an agent that repeats itself is stopped.
    private static String times(int count, String step) {
        return IntStream.range(0, count).mapToObj(step::formatted).collect(Collectors.joining());
    }

    private static String conversation(String when, String steps) {
        return "- when: " + when + "\n  steps:\n" + steps + "  - text: done\n";
    }
}
