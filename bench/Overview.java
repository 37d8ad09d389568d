import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Carrel through its public API beside bare crun with the same image and command, taking turns in one run, because
/// these machines are shared and only ratios mean anything. The bare container has no network, no overlay and no limits.
final class Overview {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int STEPS = 50;

    /// What takes a millisecond is done this much more often, after a quarter as many that do not count.
    private static final int CHEAP_FACTOR = 20;

    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Path root;
    private final int runs;
    private String url = "";
    private String key = "";

    Overview(Path root, int runs) {
        this.root = root;
        this.runs = runs;
    }

    public static void main(String[] args) throws Exception {
        new Overview(Path.of(args[0]), Integer.parseInt(args[1])).run();
    }

    private void run() throws Exception {
        Path home = Files.createTempDirectory("carrel-bench");
        Files.writeString(home.resolve("carrel.yaml"), "providers: {bench: {kind: scripted, script: " + script(home) + "}}\n");
        Process server = server(home);
        try {
            awaitReady(server, home);
            try (var crun = new BareCrun(image(), home.resolve("bare"))) {
                measure(crun);
            }
        } finally {
            server.destroy();
            server.waitFor(30, TimeUnit.SECONDS);
            deleteTree(home);
        }
    }

    private void measure(BareCrun crun) throws Exception {
        System.out.printf("%-52s %10s %10s %7s%n", "p50 of " + runs + " and more runs, in milliseconds", "Carrel", "beside it", "ratio");
        double[][] cold = alternate(runs, this::createAndRun, crun::run);
        print("create -> first command | crun run", cold);
        String sandbox = create();
        byte[] file = new byte[10_240];
        Arrays.fill(file, (byte) 'x');
        send("PUT", "/v1/sandboxes/" + sandbox + "/files/workspace/ten-kb", file);
        int many = runs * CHEAP_FACTOR;
        print("execute true | crun exec true", alternate(many, () -> execute(sandbox, "true"), crun::exec));
        double[][] read = alternate(many, () -> get("/v1/sandboxes/" + sandbox + "/files/workspace/ten-kb"), () -> get("/healthz"));
        print("read a 10 KB file | a static answer of this server", read);
        send("DELETE", "/v1/sandboxes/" + sandbox, null);
        steps();
    }

    /// A turn of 50 model calls, 49 of them asking for a file that is read from the sandbox; the model answers at once.
    private void steps() throws Exception {
        deploy();
        double[] perStep = new double[Math.max(3, runs / 8)];
        for (int i = 0; i < perStep.length; i++) {
            JsonNode session = json(send("POST", "/v1/sessions", JSON.writeValueAsBytes(JSON.createObjectNode().put("agent", "bench"))));
            String id = session.path("id").asText();
            turn(id, "warm up"); // makes the sandbox
            long started = System.nanoTime();
            int steps = turn(id, "go");
            perStep[i] = millisSince(started) / steps;
            send("DELETE", "/v1/sessions/" + id, null);
        }
        System.out.printf(Locale.ROOT, "%-52s %10.2f%n", "one agent step (zero-latency model, durable journal)", median(perStep));
    }

    private int turn(String session, String text) throws Exception {
        var body = JSON.createObjectNode().put("model", "bench").put("session_id", session);
        body.putArray("messages").addObject().put("role", "user").put("content", text);
        JsonNode answer = json(send("POST", "/v1/chat/completions", JSON.writeValueAsBytes(body)));
        return answer.at("/choices/0/tool_calls_executed").size() + 1;
    }

    private void deploy() throws Exception {
        Process tar = new ProcessBuilder("tar", "-cz", "-C", root.resolve("bench/agents").toString(), ".").start();
        byte[] archive = tar.getInputStream().readAllBytes();
        send("POST", "/v1/deployments", archive);
    }

    private static Path script(Path home) throws IOException {
        var text = new StringBuilder("conversations:\n- when: warm up\n  steps:\n");
        String call = "  - calls: [{name: read, arguments: {path: /etc/hostname}}]\n";
        text.append(call).append("  - text: ready\n- when: go\n  steps:\n");
        text.append(call.repeat(STEPS - 1)).append("  - text: done\n");
        return Files.writeString(home.resolve("bench.yaml"), text);
    }

    private Void createAndRun() throws Exception {
        String id = create();
        execute(id, "true");
        // Not part of what is measured beside it, but a run must not leave more and more sandboxes behind.
        Thread.startVirtualThread(() -> sendQuietly("DELETE", "/v1/sandboxes/" + id));
        return null;
    }

    private void sendQuietly(String method, String path) {
        try {
            send(method, path, null);
        } catch (Exception e) {
            System.err.println(method + " " + path + ": " + e);
        }
    }

    private String create() throws Exception {
        return json(send("POST", "/v1/sandboxes", "{}".getBytes(StandardCharsets.UTF_8))).path("id").asText();
    }

    private Void execute(String sandbox, String program) throws Exception {
        byte[] body = ("{\"command\":[\"" + program + "\"]}").getBytes(StandardCharsets.UTF_8);
        JsonNode result = json(send("POST", "/v1/sandboxes/" + sandbox + "/execute", body));
        if (result.path("exit_code").asInt(-1) != 0) {
            throw new IllegalStateException("the command failed: " + result);
        }
        return null;
    }

    private Void get(String path) throws Exception {
        send("GET", path, null);
        return null;
    }

    /// Two ways in turn, so that a slow moment of the machine hits both.
    private static double[][] alternate(int count, Callable<?> ours, Callable<?> theirs) throws Exception {
        double[][] times = new double[2][count];
        for (int i = -count / 4; i < count; i++) {
            for (int side = 0; side < 2; side++) {
                long started = System.nanoTime();
                (side == 0 ? ours : theirs).call();
                if (i >= 0) {
                    times[side][i] = millisSince(started);
                }
            }
        }
        return times;
    }

    private static void print(String what, double[][] times) {
        double ours = median(times[0]);
        double theirs = median(times[1]);
        System.out.printf(Locale.ROOT, "%-52s %10.2f %10.2f %7.2f%n", what, ours, theirs, ours / theirs);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static double millisSince(long started) {
        return (System.nanoTime() - started) / 1e6;
    }

    private byte[] send(String method, String path, byte[] body) throws Exception {
        var request =
                HttpRequest.newBuilder(URI.create(url + path))
                        .header("Authorization", "Bearer " + key)
                        .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body));
        if (path.equals("/v1/deployments")) {
            request.header("Content-Type", "application/gzip");
        } else if (body != null && !method.equals("PUT")) {
            request.header("Content-Type", "application/json");
        }
        var answer = http.send(request.build(), BodyHandlers.ofByteArray());
        if (answer.statusCode() >= 300) {
            throw new IOException(method + " " + path + ": " + answer.statusCode() + " " + new String(answer.body(), StandardCharsets.UTF_8));
        }
        return answer.body();
    }

    private static JsonNode json(byte[] body) throws IOException {
        return JSON.readTree(body);
    }

    private Process server(Path home) throws IOException {
        return new ProcessBuilder(root.resolve("carrel").toString(), "start", "--json", "--temporary", "--port", "0", "--home", home.toString())
                .redirectError(home.resolve("server.log").toFile())
                .start();
    }

    private void awaitReady(Process server, Path home) throws IOException {
        BufferedReader lines = server.inputReader();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode message = JSON.readTree(line);
            if (message.path("event").asText().equals("ready")) {
                url = message.path("url").asText();
                key = Files.readString(home.resolve("api-key")).strip();
                return;
            }
        }
        throw new IOException("the server did not start:\n" + Files.readString(home.resolve("server.log")));
    }

    private Path image() throws Exception {
        Process list = new ProcessBuilder(root.resolve("carrel").toString(), "images", "ls", "--json").start();
        return Path.of(JSON.readTree(list.getInputStream()).at("/0/root").asText());
    }

    private static void deleteTree(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /// crun with a plain bundle over the same image. One shell in a mount namespace of its own runs all commands, so that
    /// crun accepts mixed control group layouts and the cost of starting a shell is not counted.
    static final class BareCrun implements AutoCloseable {
        private static final String MARK = "--done--";

        private final Process shell;
        private final PrintStream commands;
        private final BufferedReader answers;
        private final Path bundle;

        BareCrun(Path image, Path bundle) throws Exception {
            this.bundle = Files.createDirectories(bundle);
            shell =
                    new ProcessBuilder("unshare", "--mount", "--propagation", "private", "sh")
                            .redirectErrorStream(true)
                            .start();
            commands = new PrintStream(shell.getOutputStream(), true);
            answers = shell.inputReader();
            write("bare-run", image, "[\"true\"]");
            write("bare-exec", image, "[\"sleep\",\"infinity\"]");
            call("umount /sys/fs/cgroup/unified 2>/dev/null || true");
            call("crun run -d -b " + bundle + "/bare-exec carrel-bench-exec </dev/null >/dev/null 2>&1");
        }

        private void write(String name, Path image, String args) throws IOException {
            Path folder = Files.createDirectories(bundle.resolve(name));
            Files.writeString(folder.resolve("config.json"), """
                    {"ociVersion":"1.0.2","root":{"path":"%s","readonly":true},
                     "process":{"user":{"uid":0,"gid":0},"cwd":"/","args":%s,
                      "env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"noNewPrivileges":true},
                     "mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
                     "linux":{"cgroupsPath":"/carrel-bench/%s","namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}]}}
                    """.formatted(image, args, name));
        }

        Void run() throws IOException {
            call("crun run -b " + bundle + "/bare-run carrel-bench-run </dev/null");
            return null;
        }

        Void exec() throws IOException {
            call("crun exec carrel-bench-exec true </dev/null");
            return null;
        }

        private void call(String command) throws IOException {
            commands.println(command + "; echo " + MARK + "$?");
            for (String line = answers.readLine(); line != null; line = answers.readLine()) {
                if (line.equals(MARK + "0")) {
                    return;
                }
                if (line.startsWith(MARK)) {
                    throw new IOException(command + " failed: " + line);
                }
                System.err.println(line);
            }
            throw new IOException("the shell ended during: " + command);
        }

        @Override
        public void close() throws Exception {
            call("crun delete --force carrel-bench-exec");
            call("find /sys/fs/cgroup -depth -type d -path '*carrel-bench*' -exec rmdir {} + 2>/dev/null || true");
            commands.println("exit");
            shell.waitFor(10, TimeUnit.SECONDS);
        }
    }
}
