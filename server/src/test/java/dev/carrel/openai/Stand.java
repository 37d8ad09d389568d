package dev.carrel.openai;

import static dev.carrel.session.SessionFixture.PROJECT;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.carrel.auth.Keys;
import dev.carrel.http.HttpServer;
import dev.carrel.http.HttpSettings;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ChatModel;
import dev.carrel.model.ConfiguredModels;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.FakeHost;
import dev.carrel.sandbox.FakeRuntime;
import dev.carrel.sandbox.SandboxSettings;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.SessionFixture;
import dev.carrel.telemetry.Metrics;
import dev.carrel.tool.BuiltinTools;
import dev.carrel.worker.Worker;
import dev.carrel.worker.WorkerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A server on a free port, whole but for its sandboxes, which are folders, and its model, which is
/// the test's.
final class Stand implements AutoCloseable {
    private static final Duration CLOSE_MAX = Duration.ofSeconds(10);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    final SessionFixture base;
    final String key;
    private final FakeHost host;
    private final Worker worker;
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    Stand(Path home, ChatModel model) throws IOException {
        this(home, model, OpenAiRoutes.APPROVAL_WAIT_MAX);
    }

    Stand(Path home, ChatModel model, Duration approvalWait) throws IOException {
        base = new SessionFixture(home);
        host = new FakeHost(Files.createDirectories(home.resolve("host")));
        var sandboxes =
                new Sandboxes(
                        base.store, new FakeRuntime(host), SandboxSettings.DEFAULT, base.clock);
        worker =
                new Worker(
                        base.sessions,
                        base.deployments,
                        new ConfiguredModels(Map.of("scripted", model)),
                        BuiltinTools.all(),
                        sandboxes,
                        WorkerSettings.DEFAULT,
                        base.clock);
        worker.start();
        var keys = new Keys(base.store, base.clock);
        key = keys.create(PROJECT, "test").secret();
        server =
                HttpServer.start(
                        new HttpSettings(
                                "127.0.0.1",
                                0,
                                100,
                                Duration.ofMillis(200),
                                Duration.ofSeconds(30),
                                Duration.ofSeconds(2)),
                        OpenAiRoutes.of(base.sessions, base.deployments, base.clock, approvalWait),
                        keys::authenticate,
                        new Metrics());
    }

    URI uri(String path) {
        return server.uri().resolve(path);
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path).build(), BodyHandlers.ofString());
    }

    /// Quotes in `body` may be single ones; headers are names and values in turn.
    HttpResponse<String> chat(String body, String... headers)
            throws IOException, InterruptedException {
        return chat(BodyHandlers.ofString(), body, headers);
    }

    HttpResponse<InputStream> chatOpen(String body, String... headers)
            throws IOException, InterruptedException {
        return chat(BodyHandlers.ofInputStream(), body, headers);
    }

    private <T> HttpResponse<T> chat(BodyHandler<T> handler, String body, String... headers)
            throws IOException, InterruptedException {
        var request = request("/v1/chat/completions").header("Content-Type", "application/json");
        if (headers.length > 0) {
            request.headers(headers);
        }
        String json = body.replace('\'', '"');
        return client.send(
                request.POST(HttpRequest.BodyPublishers.ofString(json)).build(), handler);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path))
                .timeout(Duration.ofSeconds(60))
                .header("Authorization", "Bearer " + key);
    }

    static ChatAnswer text(String text) {
        return new ChatAnswer(
                new Message.Assistant(text, "", Optional.empty(), List.of()),
                FinishReason.STOP,
                new Usage(10, 5, 0, 0, 0),
                "played");
    }

    static JsonNode json(HttpResponse<String> response) {
        return json(response.body());
    }

    static JsonNode json(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (IOException e) {
            throw new AssertionError(text, e);
        }
    }

    /// Ends the server's HTTP side alone.
    void closeHttp() {
        server.close();
    }

    @Override
    public void close() {
        server.close();
        worker.close(CLOSE_MAX);
        base.close();
        host.close();
        client.close();
    }
}
