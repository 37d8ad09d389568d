import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A server of this repository in a process of its own, and calls of its public API.
final class Target implements AutoCloseable {
    static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Path root;
    final Path home;
    private Process server;
    private String url = "";
    private String key = "";

    private Target(Path root, Path home) {
        this.root = root;
        this.home = home;
    }

    /// Starts one in a new home that holds `files`, by name, and `config` as its carrel.yaml, in which HOME stands for
    /// that home.
    static Target start(Path root, String config, Map<String, String> files) throws Exception {
        var target = new Target(root, Files.createTempDirectory("carrel-bench"));
        Files.writeString(target.home.resolve("carrel.yaml"), config.replace("HOME", target.home.toString()));
        for (var file : files.entrySet()) {
            Files.writeString(target.home.resolve(file.getKey()), file.getValue());
        }
        target.launch(0, List.of("--temporary"));
        return target;
    }

    /// Starts a server in this home; one that ended, or was killed, has a successor.
    void launch(int port, List<String> options) throws IOException {
        var command = new java.util.ArrayList<String>(
                List.of(root.resolve("carrel").toString(), "start", "--json", "--port", Integer.toString(port)));
        command.addAll(List.of("--home", home.toString()));
        command.addAll(options);
        server = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(home.resolve("server.log").toFile()))
                .start();
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

    void kill() throws InterruptedException {
        server.destroyForcibly().waitFor();
    }

    /// Stops it in order and starts another one in its place.
    void relaunch(List<String> options) throws Exception {
        server.destroy();
        server.waitFor(60, TimeUnit.SECONDS);
        launch(port(), options);
    }

    EventReader follow(String path) throws IOException {
        return new EventReader(URI.create(url), path, key);
    }

    /// What the server's process has in memory once its garbage is collected.
    long residentKib() throws Exception {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        new ProcessBuilder(jcmd.toString(), Long.toString(server.pid()), "GC.run").start().waitFor();
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + server.pid() + "/status"))) {
            return Long.parseLong(lines.filter(line -> line.startsWith("VmRSS")).findFirst().orElseThrow().replaceAll("\\D", ""));
        }
    }

    int port() {
        return URI.create(url).getPort();
    }

    /// The root of the newest version of an image.
    Path image(String name) throws IOException {
        try (Stream<Path> versions = Files.list(Path.of("/var/lib/carrel/images", name))) {
            return versions.max(Comparator.comparing(version -> version.toFile().lastModified())).orElseThrow().resolve("root");
        }
    }

    String create(String body) throws Exception {
        return post("/v1/sandboxes", body).path("id").asText();
    }

    void delete(String sandbox) throws Exception {
        send("DELETE", "/v1/sandboxes/" + sandbox, null);
    }

    /// Runs a shell command that must succeed; returns what it wrote.
    String execute(String sandbox, String command) throws Exception {
        var body = JSON.createObjectNode().put("command", command).put("timeout_seconds", 300);
        return ran(post("/v1/sandboxes/" + sandbox + "/execute", body.toString()));
    }

    private static String ran(JsonNode result) {
        if (result.path("exit_code").asInt(-1) != 0) {
            throw new IllegalStateException("the command failed: " + result);
        }
        return result.path("stdout").asText();
    }

    Void executeTrue(String sandbox) throws Exception {
        ran(post("/v1/sandboxes/" + sandbox + "/execute", "{\"command\":[\"true\"]}"));
        return null;
    }

    JsonNode post(String path, String body) throws Exception {
        return JSON.readTree(send("POST", path, body.getBytes(StandardCharsets.UTF_8)));
    }

    JsonNode get(String path) throws Exception {
        return JSON.readTree(send("GET", path, null));
    }

    byte[] send(String method, String path, byte[] body) throws Exception {
        var content = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body);
        var request = HttpRequest.newBuilder(URI.create(url + path))
                .header("Authorization", "Bearer " + key)
                .method(method, content);
        if (path.equals("/v1/deployments")) {
            request.header("Content-Type", "application/gzip");
        } else if (body != null && !method.equals("PUT")) {
            request.header("Content-Type", "application/json");
        }
        var answer = http.send(request.build(), BodyHandlers.ofByteArray());
        if (answer.statusCode() >= 300) {
            String text = new String(answer.body(), StandardCharsets.UTF_8);
            throw new IOException(method + " " + path + ": " + answer.statusCode() + " " + text);
        }
        return answer.body();
    }

    /// Stops it in order; its home goes too.
    @Override
    public void close() throws Exception {
        server.destroy();
        server.waitFor(60, TimeUnit.SECONDS);
        try (Stream<Path> all = Files.walk(home)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
