package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The native API: all its routes.
public final class Api {
    private final ApiServices services;
    private final ApiSettings settings;
    private final InstantSource clock;

    public Api(ApiServices services, ApiSettings settings, InstantSource clock) {
        this.services = services;
        this.settings = settings;
        this.clock = clock;
    }

    /// The routes of this API and `others`, and `/openapi.json`, which describes both.
    public List<Route> routes(List<Route> others) {
        var once = new Idempotency(services.store(), clock);
        var routes = new ArrayList<Route>();
        routes.addAll(new StatusRoutes(services, settings, clock).routes());
        routes.addAll(new SandboxRoutes(services.sandboxes(), services.previews(), once).routes());
        routes.addAll(new SnapshotRoutes(services.sandboxes(), once).routes());
        routes.addAll(new ImageRoutes(services.images(), services.builds(), once).routes());
        routes.addAll(new BuildRoutes(services.builds()).routes());
        routes.addAll(new ExecutionRoutes(services.sandboxes(), services.metrics(), once).routes());
        routes.addAll(new TerminalRoutes(services.sandboxes()).routes());
        routes.addAll(new MetricsRoutes(services.sandboxes()).routes());
        routes.addAll(new PortRoutes(services.previews(), once).routes());
        routes.addAll(new FileRoutes(services.sandboxes(), once).routes());
        routes.addAll(new ArchiveRoutes(services.sandboxes()).routes());
        routes.addAll(new WatchRoutes(services.sandboxes()).routes());
        routes.addAll(
                new AgentRoutes(services.deployments(), services.sandboxes(), settings, once)
                        .routes());
        routes.addAll(new SessionRoutes(services, once).routes());
        routes.addAll(new TravelRoutes(services, once).routes());
        routes.addAll(new MemoryRoutes(services.deployments()).routes());
        routes.addAll(new EventRoutes(services.sessions()).routes());
        routes.addAll(new KeyRoutes(services.keys(), once).routes());
        routes.replaceAll(QueryNames::strict);
        routes.addAll(others);
        routes.add(describe(routes));
        return List.copyOf(routes);
    }

    /// The document is made when somebody first asks for it: few do, and it would delay the start.
    private Route describe(List<Route> described) {
        var all = new ArrayList<>(described);
        var document = new AtomicReference<@Nullable Response>();
        Route self =
                Route.of(
                        GET,
                        "/openapi.json",
                        RouteDoc.of("This description").givesBytes(RouteDoc.JSON),
                        _ -> {
                            @Nullable Response made = document.get();
                            if (made == null) {
                                made = Response.json(200, OpenApi.of(settings.version(), all));
                                document.set(made); // whoever else makes it makes the same
                            }
                            return made;
                        });
        all.add(self);
        return self;
    }
}
