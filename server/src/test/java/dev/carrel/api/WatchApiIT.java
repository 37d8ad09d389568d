package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.FileEventInfo;
import dev.carrel.wire.SandboxRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchApiIT extends ApiStage {
    /// One open stream.
    private final class Stream implements AutoCloseable {
        private final HttpClient http = HttpClient.newHttpClient();
        private final HttpResponse<InputStream> response;
        private final BufferedReader lines;

        Stream(String path) throws IOException, InterruptedException {
            HttpRequest request =
                    HttpRequest.newBuilder(server.uri().resolve(path))
                            .header("Authorization", "Bearer " + server.key)
                            .build();
            response = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
            lines =
                    new BufferedReader(
                            new InputStreamReader(response.body(), StandardCharsets.UTF_8));
        }

        /// The next event, as its name and data.
        String next() throws IOException {
            var event = new StringBuilder();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.isEmpty() && !event.isEmpty()) {
                    return event.toString();
                } else if (!line.isEmpty() && !line.startsWith(":")) {
                    event.append(line).append(' ');
                }
            }
            return "";
        }

        @Override
        public void close() {
            http.shutdownNow();
        }
    }

    private String path(String id, String query) {
        return "/v1/sandboxes/" + id + "/watch?" + query;
    }

    @Test
    void eventsAreStreamed() throws Exception {
        String id = client.sandboxes().create(SandboxRequest.defaults()).id();
        try (var stream = new Stream(path(id, "path=/workspace&recursive=true"))) {
            assertThat(stream.response.statusCode()).isEqualTo(200);
            assertThat(stream.response.headers().firstValue("content-type").orElse(""))
                    .startsWith("text/event-stream");
            client.sandboxes().writeFile(id, "/workspace/f", new byte[1]);
            assertThat(stream.next())
                    .contains("event: created")
                    .contains("\"path\":\"/workspace/f\"", "\"directory\":false");
            client.sandboxes().deleteFile(id, "/workspace/f");
            assertThat(stream.next()).contains("event: deleted");
            client.sandboxes().delete(id);
            assertThat(stream.next()).contains("event: closed", "\"reason\":");
            assertThat(stream.next()).isEmpty();
        }
    }

    @Test
    void namesOfAnyBytesComeAsTheyStandInUrls() throws Exception {
        try (var events = client.sandboxes().watch(sandbox, "/workspace", false)) {
            // One after the other: what comes and goes in short order is told as one.
            inWorkspace("mkdir $(printf 'a\\377')");
            FileEventInfo created = events.next().orElseThrow();
            assertThat(created.path()).hasValue("/workspace/a\uFFFD");
            assertThat(created.urlPath()).hasValue("/workspace/a%FF");
            inWorkspace("mv $(printf 'a\\377') b");
            FileEventInfo moved = events.next().orElseThrow();
            assertThat(moved.fromUrlPath()).hasValue("/workspace/a%FF");
            assertThat(moved.toUrlPath()).isEmpty();
            inWorkspace("rmdir b");
            assertThat(events.next().orElseThrow().urlPath()).isEmpty();
        }
    }

    private void inWorkspace(String line) {
        client.sandboxes().execute(sandbox, ExecuteRequest.of(Command.line(line)));
    }

    @Test
    void whatCannotBeWatchedIsAnOrdinaryError() throws Exception {
        assertThat(code(call("GET", path(sandbox, "path=/none"), ""))).isEqualTo("file_not_found");
        assertThat(code(call("GET", path(sandbox, "path=none"), ""))).isEqualTo("invalid_path");
        assertThat(code(call("GET", path("sbx_none", ""), ""))).isEqualTo("sandbox_not_found");
    }

    @Test
    void watchesOfASandboxAreLimited() throws Exception {
        String id = client.sandboxes().create(SandboxRequest.defaults()).id();
        List<Stream> streams = new ArrayList<>();
        try {
            for (int i = 0; i < WatchRoutes.WATCHES_PER_SANDBOX_MAX; i++) {
                streams.add(new Stream(path(id, "")));
            }
            HttpResponse<String> refused = call("GET", path(id, ""), "");
            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(code(refused)).isEqualTo("too_many_watches");
        } finally {
            streams.forEach(Stream::close);
            client.sandboxes().delete(id);
        }
    }
}
