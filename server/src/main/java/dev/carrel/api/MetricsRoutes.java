package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.Sandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxState;
import dev.carrel.sandbox.SandboxUsage;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.store.ProjectId;
import dev.carrel.wire.SandboxMetrics;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// `/v1/sandboxes/{id}/metrics`.
final class MetricsRoutes {
    /// How long the share of processors is measured.
    private static final Duration WINDOW = Duration.ofMillis(100);

    private final Sandboxes sandboxes;

    MetricsRoutes(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                        GET,
                        "/v1/sandboxes/{id}/metrics",
                        RouteDoc.of("What a sandbox uses now; does not wake it")
                                .gives(200, SandboxMetrics.class),
                        this::metrics));
    }

    private Response metrics(Request request) throws InterruptedException {
        ProjectId project = Inputs.project(request);
        SandboxId id = Inputs.sandbox(request.path("id"));
        Sandbox sandbox = sandboxes.get(project, id);
        SandboxUsage usage = sandboxes.usage(project, id);
        double share = 0;
        if (sandbox.state() == SandboxState.RUNNING) {
            Duration before = usage.cpu();
            long start = System.nanoTime();
            Thread.sleep(WINDOW);
            usage = sandboxes.usage(project, id);
            double nanos = usage.cpu().minus(before).toNanos();
            share = Math.max(0, nanos / (System.nanoTime() - start));
        }
        return Response.json(200, metrics(sandbox, usage, share));
    }

    private static SandboxMetrics metrics(Sandbox sandbox, SandboxUsage usage, double share) {
        Resources limits = sandbox.spec().resources();
        return new SandboxMetrics(
                sandbox.state().wireName(),
                new SandboxMetrics.Cpu(
                        usage.cpu().toNanos() / 1e9,
                        Math.round(share * 1_000) / 1e3,
                        limits.cpus()),
                new SandboxMetrics.Memory(
                        boxed(usage.memoryBytes()),
                        boxed(usage.memoryPeakBytes()),
                        (long) limits.memoryMib() << 20),
                new SandboxMetrics.Disk(boxed(usage.diskBytes()), (long) limits.diskMib() << 20),
                new SandboxMetrics.Processes(boxed(usage.processes()), limits.processesMax()),
                new SandboxMetrics.Network(boxed(usage.receivedBytes()), boxed(usage.sentBytes())),
                usage.listening());
    }

    private static Optional<Long> boxed(OptionalLong number) {
        return number.isPresent() ? Optional.of(number.getAsLong()) : Optional.empty();
    }
}
