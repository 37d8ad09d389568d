package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.model.ProviderHealth;
import dev.carrel.sandbox.SandboxFilter;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import dev.carrel.telemetry.Metrics;
import dev.carrel.wire.ProviderInfo;
import dev.carrel.wire.StatusInfo;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/// What the server says of itself.
final class StatusRoutes {
    private final ApiServices services;
    private final ApiSettings settings;
    private final InstantSource clock;
    private final Instant started;

    StatusRoutes(ApiServices services, ApiSettings settings, InstantSource clock) {
        this.services = services;
        this.settings = settings;
        this.clock = clock;
        this.started = clock.instant();
    }

    List<Route> routes() {
        RouteDoc text = RouteDoc.of("Whether the process answers").givesBytes("text/plain");
        return List.of(
                Route.of(GET, "/healthz", text, _ -> Response.text(200, "text/plain", "ok\n"))
                        .openToAll(),
                Route.of(
                                GET,
                                "/readyz",
                                RouteDoc.of("Whether the server can work").givesBytes("text/plain"),
                                _ -> ready())
                        .openToAll(),
                Route.of(
                        GET,
                        "/metrics",
                        RouteDoc.of("Metrics for Prometheus").givesBytes("text/plain"),
                        _ -> Response.text(200, Metrics.TEXT_FORMAT, services.metrics().scrape())),
                Route.of(
                        GET,
                        "/v1/status",
                        RouteDoc.of("The server, and what the caller's project holds")
                                .gives(200, StatusInfo.class),
                        this::status));
    }

    /// The server listens only once everything else has started: what can still fail is the
    /// database, and that answers with an error.
    private Response ready() {
        services.store().read(handle -> handle.select("select 1").mapTo(Integer.class).one());
        return Response.text(200, "text/plain", "ready\n");
    }

    private Response status(Request request) {
        ProjectId project = Inputs.project(request);
        int sandboxes =
                services.sandboxes()
                        .list(project, SandboxFilter.ALL, Page.LIMIT_MAX, Optional.empty())
                        .items()
                        .size();
        int sessions =
                services.sessions().list(project, Page.LIMIT_MAX, Optional.empty()).items().size();
        return Response.json(
                200,
                new StatusInfo(
                        settings.version(),
                        Duration.between(started, clock.instant()).toSeconds(),
                        project.value(),
                        sandboxes,
                        sessions,
                        services.deployments().agents(project).size(),
                        services.models().health().stream().map(StatusRoutes::info).toList()));
    }

    private static ProviderInfo info(ProviderHealth health) {
        return new ProviderInfo(
                health.provider(),
                health.state().wireName(),
                health.lastFailure(),
                health.retryAt());
    }
}
