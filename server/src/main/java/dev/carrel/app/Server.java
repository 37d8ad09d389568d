package dev.carrel.app;

import dev.carrel.api.Api;
import dev.carrel.api.ApiServices;
import dev.carrel.api.ApiSettings;
import dev.carrel.auth.Keys;
import dev.carrel.build.ImageBuilds;
import dev.carrel.http.HttpServer;
import dev.carrel.image.Images;
import dev.carrel.image.ProjectImages;
import dev.carrel.model.ConfiguredModels;
import dev.carrel.model.Models;
import dev.carrel.openai.OpenAiRoutes;
import dev.carrel.preview.PreviewProxy;
import dev.carrel.preview.Previews;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.oci.OciRuntime;
import dev.carrel.session.Deployments;
import dev.carrel.session.SessionSettings;
import dev.carrel.session.Sessions;
import dev.carrel.store.Store;
import dev.carrel.telemetry.Logs;
import dev.carrel.telemetry.Metrics;
import dev.carrel.tool.BuiltinTools;
import dev.carrel.tool.Tool;
import dev.carrel.worker.Worker;
import dev.carrel.worker.WorkerSettings;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A whole server: its parts are made in order, each from the ones before it, and closed in
/// reverse.
final class Server implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);
    private static final Duration PARKING_MAX = Duration.ofSeconds(5);

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final InstantSource clock = InstantSource.system();
    private final ServerConfig config;
    private String url = "";
    private boolean madeKey;

    private Server(ServerConfig config) {
        this.config = config;
    }

    /// Starts everything; when this returns, the server answers. When it throws, nothing is left
    /// running. `progress` hears of the base image, if it has to be built.
    static Server open(ServerConfig config, Consumer<Images.Progress> progress) {
        Logs.start(config.logLevel());
        var server = new Server(config);
        try {
            server.start(progress);
            return server;
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    private void start(Consumer<Images.Progress> progress) {
        Store store = add(Store.open(config.home().resolve("carrel.db")));
        HttpServer.requireFree(config.http());
        var keys = new Keys(store, clock);
        madeKey = FirstKey.ensure(keys, config.keyFile());
        var metrics = new Metrics();
        Models models = ConfiguredModels.of(config.models(), metrics);
        List<Tool> tools = BuiltinTools.all();
        var images = add(new ProjectImages(builtImages(progress), store, config.registries()));
        images.watch();
        Sandboxes sandboxes = openSandboxes(store, images);
        var builds = add(new ImageBuilds(images, sandboxes, store, config.image()));
        builds.watch();
        var deployments = new Deployments(store, clock);
        var sessions = add(new Sessions(store, deployments, sessionSettings(), clock));
        var worker =
                new Worker(
                        sessions,
                        deployments,
                        models,
                        tools,
                        sandboxes,
                        WorkerSettings.DEFAULT,
                        clock);
        worker.start();
        add(() -> worker.close(PARKING_MAX));
        var port = new AtomicInteger(); // known when the server listens
        var previews = new Previews(store, sandboxes, config.previews(), port::get, clock);
        var services =
                new ApiServices(
                        store,
                        keys,
                        images,
                        builds,
                        sandboxes,
                        previews,
                        deployments,
                        sessions,
                        models,
                        metrics);
        var settings =
                new ApiSettings(
                        version(),
                        tools.stream().map(tool -> tool.spec().name()).collect(Collectors.toSet()),
                        models.names());
        var api = new Api(services, settings, clock);
        HttpServer http =
                add(
                        HttpServer.start(
                                config.http(),
                                api.routes(OpenAiRoutes.of(sessions, deployments, clock)),
                                new PreviewProxy(previews, sandboxes, keys, config.previews()),
                                keys::authenticate,
                                metrics));
        port.set(http.port());
        url = http.uri().toString();
    }

    private SessionSettings sessionSettings() {
        return SessionSettings.DEFAULT.withBudgets(config.budgets());
    }

    private Images builtImages(Consumer<Images.Progress> progress) {
        var images = new Images(config.images());
        if (!images.isBuilt(config.image())) {
            images.build(config.image(), progress);
        }
        return images;
    }

    private Sandboxes openSandboxes(Store store, ProjectImages images) {
        OciRuntime runtime = OciRuntime.open(config.sandboxRuntime());
        add(runtime::leave);
        var sandboxes = add(new Sandboxes(store, runtime, config.sandboxes(), clock, images::pin));
        sandboxes.reconcile();
        sandboxes.watch();
        return sandboxes;
    }

    private <T extends AutoCloseable> T add(T part) {
        parts.push(part);
        return part;
    }

    String url() {
        return url;
    }

    /// Whether this was the first start, which made the first API key.
    boolean madeKey() {
        return madeKey;
    }

    static String version() {
        return Objects.requireNonNullElse(
                Server.class.getPackage().getImplementationVersion(), "development");
    }

    /// Closes what was started, the last first. A part that fails to close is logged and does not
    /// keep the others open. Closing twice does nothing.
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            AutoCloseable part = parts.pop();
            try {
                part.close();
            } catch (Exception | LinkageError e) {
                // LinkageError: the jar was replaced under the running server. All the more must
                // the other parts be closed.
                LOG.error("Closing {} failed", part.getClass().getSimpleName(), e);
            }
        }
    }
}
