package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.wire.ForkRequest;
import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SnapshotRequest;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Secrets that stay at the edge: the host gets them, nobody else ever sees them.
class SecretsApiIT extends InternetStage {
    private static final String FIRST = "Bearer k-first-1f0e9a7c55";
    private static final String SECOND = "Bearer k-second-8b6d20e413";
    private static final String PLACEHOLDER = "Bearer placeholder-of-the-sandbox";

    /// Looks for words, which it gets spelt backwards, in files, environments and command lines
    /// inside.
    private static final String SEARCH =
            """
            import glob, os, re
            words = '%s'[::-1].encode()
            def look(file):
                try:
                    with open(file, 'rb') as content:
                        if words in content.read(50_000_000): print('BREACH', file)
                except OSError: pass
            for top in '/etc', '/root', '/tmp', '/run', '/workspace', '/usr/local', '/var', '/dev/shm':
                for folder, _, files in os.walk(top):
                    for file in files: look(os.path.join(folder, file))
            for file in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline'): look(file)
            print('searched')
            """;

    @Test
    void theHostGetsItInPlaceOfThePlaceholder() throws Exception {
        String id =
                create(
                        SandboxRequest.builder()
                                .network(secret("good.example", FIRST))
                                .env(Map.of("KEY", PLACEHOLDER)));
        assertThat(verified(id, "good.example", "/one")).isEqualTo("[200]");
        assertThat(header("/one")).isEqualTo(FIRST);

        // In the clear, to another port and to other hosts goes what the sandbox says.
        assertThat(web(id, auth("http://good.example/clear"))).endsWith("[200]");
        assertThat(header("/clear")).isEqualTo(PLACEHOLDER);
        assertThat(web(id, auth("https://good.example:8443/port"))).endsWith("[200]");
        assertThat(header("/port")).isEqualTo(PLACEHOLDER);
        assertThat(web(id, auth("https://evil.example/other"))).endsWith("[200]");
        assertThat(header("/other")).isEqualTo(PLACEHOLDER);
        assertThat(web(id, auth("https://api.good.example/below"))).endsWith("[200]");
        assertThat(header("/below")).isEqualTo(PLACEHOLDER);
        // A host that is not the one it should be gets nothing.
        assertThat(web(id, "-H 'Host: evil.example' https://good.example/confused"))
                .endsWith("[421]");
        assertThat(internet.asked()).noneMatch(line -> line.contains("/confused"));
    }

    @Test
    void aChangeReplacesKeepsAndRemovesIt() throws Exception {
        String id = create(NetworkRules.ofInternet(true));
        assertThat(web(id, auth("https://good.example/before"))).endsWith("[200]");
        assertThat(header("/before")).isEqualTo(PLACEHOLDER);

        change(id, secret("good.example", FIRST));
        assertThat(web(id, auth("https://good.example/added"))).endsWith("[200]");
        assertThat(header("/added")).isEqualTo(FIRST);
        change(id, secret("good.example", SECOND));
        assertThat(web(id, auth("https://good.example/replaced"))).endsWith("[200]");
        assertThat(header("/replaced")).isEqualTo(SECOND);

        // As answers show it, it stays.
        NetworkRules shown = client.sandboxes().get(id).network();
        assertThat(shown.secrets().get("good.example").value()).isEqualTo("***");
        change(id, shown);
        client.sandboxes().change(id, SandboxChange.NONE.withName("renamed"));
        assertThat(web(id, auth("https://good.example/kept"))).endsWith("[200]");
        assertThat(header("/kept")).isEqualTo(SECOND);
        assertThatThrownBy(() -> change(id, secret("evil.example", "***")))
                .hasMessageContaining("no earlier value");

        client.sandboxes().pause(id);
        server.kill();
        revive();
        assertThat(web(id, auth("https://good.example/restarted"))).endsWith("[200]");
        assertThat(header("/restarted")).isEqualTo(SECOND);

        change(id, rules("good.example", ""));
        assertThat(web(id, auth("https://good.example/removed"))).endsWith("[200]");
        assertThat(header("/removed")).isEqualTo(PLACEHOLDER);
    }

    @Test
    void aForkHasItAndASandboxOfASnapshotDoesNot() throws Exception {
        String id = create(secret("good.example", FIRST));
        assertThat(verified(id, "good.example", "/source")).isEqualTo("[200]");
        String fork =
                client.snapshots()
                        .fork(id, new ForkRequest(Optional.empty(), Optional.empty(), Map.of()))
                        .getFirst()
                        .id();
        assertThat(client.sandboxes().get(fork).network())
                .isEqualTo(client.sandboxes().get(id).network());
        assertThat(verified(fork, "good.example", "/fork")).isEqualTo("[200]");
        assertThat(header("/fork")).isEqualTo(FIRST);

        String snapshot =
                client.snapshots().take(id, new SnapshotRequest(Optional.empty(), Map.of())).id();
        String copy = create(SandboxRequest.builder().snapshot(snapshot));
        assertThat(client.sandboxes().get(copy).network().secrets()).isEmpty();
        assertThat(web(copy, auth("https://good.example/copy"))).endsWith("[200]");
        assertThat(header("/copy")).isEqualTo(PLACEHOLDER);

        // Each on its own: what one loses the other keeps.
        change(fork, NetworkRules.ofInternet(true));
        assertThat(web(fork, auth("https://good.example/lost"))).endsWith("[200]");
        assertThat(header("/lost")).isEqualTo(PLACEHOLDER);
        assertThat(verified(id, "good.example", "/still")).isEqualTo("[200]");
        assertThat(header("/still")).isEqualTo(FIRST);
        client.snapshots().delete(snapshot);
    }

    @Test
    void itIsFoundNowhere() throws Exception {
        String created =
                call(
                        "POST",
                        "/v1/sandboxes",
                        """
                        {"network":{"secrets":{"good.example":{"header":"Authorization","value":"%s"}}}}
                        """
                                .formatted(FIRST));
        String id = created.replaceAll("(?s).*\"id\":\"(sbx_[^\"]+)\".*", "$1");
        assertThat(verified(id, "good.example", "/nowhere")).isEqualTo("[200]");
        String snapshot =
                client.snapshots().take(id, new SnapshotRequest(Optional.empty(), Map.of())).id();
        var answers = new ArrayList<>(List.of(created));
        for (String path :
                List.of(
                        "/v1/sandboxes",
                        "/v1/sandboxes/" + id,
                        "/v1/sandboxes/" + id + "/executions",
                        "/v1/sandboxes/" + id + "/metrics",
                        "/v1/snapshots",
                        "/v1/snapshots/" + snapshot,
                        "/v1/images",
                        "/metrics",
                        "/openapi.json")) {
            answers.add(call("GET", path, ""));
        }
        answers.add(call("POST", "/v1/sandboxes/" + id + "/fork", "{}"));
        answers.add(call("PATCH", "/v1/sandboxes/" + id, "{\"name\":\"x\"}"));
        answers.add(
                call(
                        "PATCH",
                        "/v1/sandboxes/" + id,
                        "{\"network\":{\"secrets\":{\"bad host\":{\"header\":\"Authorization\",\"value\":\"%s\"}}}}"
                                .formatted(FIRST)));
        answers.add(call("POST", "/v1/sandboxes/" + id + "/pause", ""));
        String key = FIRST.substring("Bearer ".length());
        assertThat(answers).noneMatch(answer -> answer.contains(key));

        assertThat(python(id, SEARCH.formatted(new StringBuilder(key).reverse())))
                .isEqualTo("searched\n");
        server.kill();
        assertThat(holders(server.home(), key)).isEmpty();
        revive();
        assertThat(verified(id, "good.example", "/after")).isEqualTo("[200]");
        client.sandboxes().delete(id);
        assertThat(holders(server.home(), key)).isEmpty();
        client.snapshots().delete(snapshot);
    }

    /// Files below the server's home that hold these words: its database and log, sandboxes'
    /// folders, disks and snapshots. The pool's own file is seen through its mount.
    private static List<Path> holders(Path home, String words) throws IOException {
        try (var files = Files.walk(home)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("pool.btrfs"))
                    .filter(file -> contains(file, words))
                    .toList();
        }
    }

    private static boolean contains(Path file, String words) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                    .contains(words);
        } catch (IOException e) {
            return false; // it went while it was looked at
        }
    }

    private static String auth(String url) {
        return "-H 'Authorization: " + PLACEHOLDER + "' " + url;
    }

    /// The status of a request whose client checks the certificate, as all do.
    private String verified(String id, String host, String path) {
        return run(
                id,
                "curl -sS -m 5 -o /dev/null -w '[%%{http_code}]' %s"
                        .formatted(auth("https://" + host + path)));
    }

    /// What the host got as `Authorization` with the request for this path.
    private String header(String path) throws IOException {
        List<String> requests =
                internet.asked().stream()
                        .filter(line -> line.contains("\"path\": \"" + path + "\""))
                        .toList();
        assertThat(requests).as(path).hasSize(1);
        return requests.getFirst().replaceAll(".*\"authorization\": \"([^\"]*)\".*", "$1");
    }

    /// The answer with its head, whatever its status.
    private String call(String method, String path, String body)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(server.uri().resolve(path))
                        .header("Authorization", "Bearer " + server.key())
                        .header("Content-Type", "application/json")
                        .header(
                                "Idempotency-Key",
                                "once" + Math.abs((method + path + body).hashCode()))
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build();
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> response =
                    http.send(request, HttpResponse.BodyHandlers.ofString());
            return response.headers() + response.body();
        }
    }
}
