package dev.carrel.api;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.auth.Keys;
import dev.carrel.build.ImageBuilds;
import dev.carrel.client.CarrelClient;
import dev.carrel.http.HttpServer;
import dev.carrel.http.HttpSettings;
import dev.carrel.http.Route;
import dev.carrel.image.Images;
import dev.carrel.image.ProjectImages;
import dev.carrel.image.RegistrySettings;
import dev.carrel.model.ChatAnswer;
import dev.carrel.model.ConfiguredModels;
import dev.carrel.model.FinishReason;
import dev.carrel.model.Message;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Models;
import dev.carrel.model.ScriptedModel;
import dev.carrel.model.Usage;
import dev.carrel.preview.PreviewProxy;
import dev.carrel.preview.PreviewSettings;
import dev.carrel.preview.Previews;
import dev.carrel.sandbox.FakeHost;
import dev.carrel.sandbox.FakeRuntime;
import dev.carrel.sandbox.SandboxSettings;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.Budgets;
import dev.carrel.session.Deployments;
import dev.carrel.session.SessionSettings;
import dev.carrel.session.Sessions;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import dev.carrel.telemetry.Metrics;
import dev.carrel.tool.BuiltinTools;
import dev.carrel.worker.Worker;
import dev.carrel.worker.WorkerSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A whole server on a free port, whose sandboxes are folders and whose model follows a script.
final class ApiServer implements AutoCloseable {
    /// Applications have a second to begin their answer.
    static final PreviewSettings PREVIEWS =
            PreviewSettings.of(
                    Optional.of("preview.test"),
                    Optional.of("https://preview.test"),
                    1,
                    PreviewSettings.IDLE_SECONDS_DEFAULT,
                    8);

    static final ProjectId PROJECT = Keys.DEFAULT_PROJECT;

    final Store store;
    final Keys keys;
    final FakeHost host;
    final Sandboxes sandboxes;
    final ProjectImages images;
    final Deployments deployments;
    final Sessions sessions;
    final Previews previews;
    final List<Route> routes;
    final String key;
    private final Worker worker;
    private HttpServer http;
    private final Metrics metrics = new Metrics();

    ApiServer(Path home, String script) throws IOException {
        this(
                home,
                new ConfiguredModels(
                        Map.of("scripted", ScriptedModel.parse(script, "script.yaml"))),
                Budgets.NONE);
    }

    ApiServer(Path home, Models models, Budgets budgets) throws IOException {
        InstantSource clock = InstantSource.system();
        store = Store.open(home.resolve("carrel.db"));
        keys = new Keys(store, clock);
        key = keys.create(keys.ensureDefaultProject(), "test").secret();
        host = new FakeHost(Files.createDirectories(home.resolve("host")));
        images =
                new ProjectImages(new Images(home.resolve("images")), store, RegistrySettings.NONE);
        sandboxes = new Sandboxes(store, new FakeRuntime(host), SandboxSettings.DEFAULT, clock);
        sandboxes.reconcile();
        deployments = new Deployments(store, clock);
        sessions =
                new Sessions(
                        store, deployments, SessionSettings.DEFAULT.withBudgets(budgets), clock);
        worker =
                new Worker(
                        sessions,
                        deployments,
                        models,
                        BuiltinTools.all(),
                        sandboxes,
                        WorkerSettings.DEFAULT,
                        clock);
        worker.start();
        deployments.deploy(PROJECT, List.of(agent("coder")));
        previews = new Previews(store, sandboxes, PREVIEWS, () -> http.port(), clock);
        var services =
                new ApiServices(
                        store,
                        keys,
                        images,
                        new ImageBuilds(images, sandboxes, store, "coding"),
                        sandboxes,
                        previews,
                        deployments,
                        sessions,
                        models,
                        metrics);
        var settings = new ApiSettings("0.0.0-test", java.util.Set.of("bash"), models.names());
        routes = new Api(services, settings, clock).routes(List.of());
        listen(0);
    }

    private void listen(int port) {
        var settings =
                new HttpSettings(
                        "127.0.0.1",
                        port,
                        1_000,
                        Duration.ofSeconds(15),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(2));
        var hosts = new PreviewProxy(previews, sandboxes, keys, PREVIEWS);
        http = HttpServer.start(settings, routes, hosts, keys::authenticate, metrics);
    }

    /// Ends all connections and listens again on the same port.
    void restartHttp() {
        int port = http.port();
        http.close();
        listen(port);
    }

    static AgentDefinition agent(String name) {
        return AgentDefinition.of(name, new ModelRef("scripted", "test"))
                .role(Optional.of("Tester."))
                .allowedTools(List.of("bash"))
                .maxSteps(10)
                .build();
    }

    /// An answer of a test's own model, of 10 tokens of input and 5 of output.
    static ChatAnswer say(String text) {
        var message = new Message.Assistant(text, "", Optional.empty(), List.of());
        return new ChatAnswer(message, FinishReason.STOP, new Usage(10, 5, 0, 0, 0), "x");
    }

    URI uri() {
        return http.uri();
    }

    CarrelClient client() {
        return new CarrelClient(uri(), key);
    }

    @Override
    public void close() {
        sessions.close();
        http.close();
        worker.close(Duration.ofSeconds(5));
        sandboxes.close();
        images.close();
        host.close();
        store.close();
    }
}
