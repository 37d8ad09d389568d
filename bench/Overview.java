import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/// Carrel through its public API beside bare crun with the same image and command, taking turns in one run, because
/// these machines are shared and only ratios mean anything.
final class Overview {
    private static final int STEPS = 50;

    /// What takes a millisecond is done this much more often, after a quarter as many that do not count.
    private static final int CHEAP_FACTOR = 20;

    private final Path root;
    private final int runs;
    private final Target carrel;

    private Overview(Path root, int runs, Target carrel) {
        this.root = root;
        this.runs = runs;
        this.carrel = carrel;
    }

    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]);
        String config = "providers: {bench: {kind: scripted, script: HOME/bench.yaml}}\n";
        try (Target carrel = Target.start(root, config, Map.of("bench.yaml", script()))) {
            new Overview(root, Integer.parseInt(args[1]), carrel).measure();
        }
    }

    private void measure() throws Exception {
        Timing.head("p50 of " + runs + " and more runs, in milliseconds");
        try (Peers peers = Peers.beside(carrel, 1)) {
            BareCrun crun = peers.hardened().getFirst();
            Timing.alternate(runs, this::createAndRun, crun::run).print("create -> first command | crun run", "1.6");
            String sandbox = carrel.create("{}");
            byte[] file = new byte[10_240];
            Arrays.fill(file, (byte) 'x');
            String path = "/v1/sandboxes/" + sandbox + "/files/workspace/ten-kb";
            carrel.send("PUT", path, file);
            int many = runs * CHEAP_FACTOR;
            Timing.alternate(many, () -> carrel.executeTrue(sandbox), crun::exec).print("execute true | crun exec true", "0.3");
            Timing.alternate(many, () -> carrel.send("GET", path, null), () -> carrel.send("GET", "/healthz", null))
                    .print("read a 10 KB file | a static answer of this server", "1.5");
            carrel.delete(sandbox);
        }
        steps();
    }

    /// A turn of 50 model calls, 49 of them asking for a file that is read from the sandbox; the model answers at once.
    private void steps() throws Exception {
        deploy();
        double[] perStep = new double[Math.max(3, runs / 8)];
        for (int i = 0; i < perStep.length; i++) {
            String id = carrel.post("/v1/sessions", "{\"agent\":\"bench\"}").path("id").asText();
            turn(id, "warm up"); // makes the sandbox
            long started = System.nanoTime();
            int steps = turn(id, "go");
            perStep[i] = (System.nanoTime() - started) / 1e6 / steps;
            carrel.send("DELETE", "/v1/sessions/" + id, null);
        }
        Timing.line("one agent step (zero-latency model, durable journal)", Timing.percentile(perStep, 50), "5 ms");
    }

    private int turn(String session, String text) throws Exception {
        var body = Target.JSON.createObjectNode().put("model", "bench").put("session_id", session);
        body.putArray("messages").addObject().put("role", "user").put("content", text);
        return carrel.post("/v1/chat/completions", body.toString()).at("/choices/0/tool_calls_executed").size() + 1;
    }

    private void deploy() throws Exception {
        Process tar = new ProcessBuilder("tar", "-cz", "-C", root.resolve("bench/agents").toString(), ".").start();
        carrel.send("POST", "/v1/deployments", tar.getInputStream().readAllBytes());
    }

    private static String script() {
        var text = new StringBuilder("conversations:\n- when: warm up\n  steps:\n");
        String call = "  - calls: [{name: read, arguments: {path: /etc/hostname}}]\n";
        text.append(call).append("  - text: ready\n- when: go\n  steps:\n");
        return text.append(call.repeat(STEPS - 1)).append("  - text: done\n").toString();
    }

    private Void createAndRun() throws Exception {
        String id = carrel.create("{}");
        carrel.executeTrue(id);
        // Not part of what is measured beside it, but a run must not leave more and more sandboxes behind.
        Thread.startVirtualThread(() -> {
            try {
                carrel.delete(id);
            } catch (Exception e) {
                System.err.println("delete " + id + ": " + e);
            }
        });
        return null;
    }
}
