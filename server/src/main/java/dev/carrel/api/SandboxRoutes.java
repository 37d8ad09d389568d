package dev.carrel.api;

import static dev.carrel.http.HttpMethod.DELETE;
import static dev.carrel.http.HttpMethod.GET;
import static dev.carrel.http.HttpMethod.PATCH;

import dev.carrel.auth.Principal;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.preview.PreviewPort;
import dev.carrel.preview.Previews;
import dev.carrel.sandbox.DeletionReason;
import dev.carrel.sandbox.Sandbox;
import dev.carrel.sandbox.SandboxFilter;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.SandboxState;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.store.ProjectId;
import dev.carrel.wire.PauseRequest;
import dev.carrel.wire.SandboxChange;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// `/v1/sandboxes`.
final class SandboxRoutes {
    private static final String METADATA = "metadata.";

    private final Sandboxes sandboxes;
    private final Previews previews;
    private final Idempotency once;

    SandboxRoutes(Sandboxes sandboxes, Previews previews, Idempotency once) {
        this.sandboxes = sandboxes;
        this.previews = previews;
        this.once = once;
    }

    List<Route> routes() {
        return List.of(
                once.post(
                        "/v1/sandboxes",
                        RouteDoc.of("Make a sandbox; it is ready to execute when this answers")
                                .takes(SandboxRequest.class)
                                .gives(201, SandboxInfo.class),
                        this::create),
                Route.of(
                        GET,
                        "/v1/sandboxes",
                        RouteDoc.of("List sandboxes, newest first")
                                .gives(200, Lists.of(SandboxInfo.class))
                                .query(
                                        "state",
                                        "string",
                                        "Only those in this state; deleted ones for a day")
                                .query("user", "string", "Only those of this end user")
                                .query("metadata.{key}", "string", "Only those with this pair")
                                .query("limit", "integer", "How many at most, 50 if absent")
                                .query("cursor", "string", "The next_cursor of the list before"),
                        this::list),
                Route.of(
                        GET,
                        "/v1/sandboxes/{id}",
                        RouteDoc.of("Read a sandbox").gives(200, SandboxInfo.class),
                        this::get),
                Route.of(
                        PATCH,
                        "/v1/sandboxes/{id}",
                        RouteDoc.of("Change a sandbox, running or not; null takes a setting away")
                                .takes(SandboxChange.class)
                                .gives(200, SandboxInfo.class),
                        this::change),
                once.post(
                        "/v1/sandboxes/{id}/pause",
                        RouteDoc.of(
                                        "Freeze what runs in a sandbox, in memory or on disk; any"
                                                + " use resumes it")
                                .takes(PauseRequest.class)
                                .gives(200, SandboxInfo.class),
                        this::pause),
                once.post(
                        "/v1/sandboxes/{id}/resume",
                        RouteDoc.of("Make a paused or stopped sandbox run")
                                .gives(200, SandboxInfo.class),
                        this::resume),
                Route.of(
                        DELETE,
                        "/v1/sandboxes/{id}",
                        RouteDoc.of("Delete a sandbox with all in it"),
                        this::delete));
    }

    private Response create(Request request) {
        SandboxRequest body = request.json(SandboxRequest.class);
        Sandbox made =
                sandboxes.create(
                        Inputs.project(request),
                        SandboxSpecs.spec(
                                body, sandboxes.isolationByDefault(), sandboxes.idleByDefault()));
        return Response.json(201, SandboxSpecs.info(made));
    }

    private Response list(Request request) {
        ProjectId project = Inputs.project(request);
        Map<SandboxId, List<Integer>> ports = previews.numbers(project);
        return Response.json(
                200,
                Lists.from(
                        sandboxes.list(
                                project,
                                filter(request),
                                Inputs.limit(request),
                                request.query("cursor")),
                        sandbox ->
                                SandboxSpecs.info(
                                        sandbox, ports.getOrDefault(sandbox.id(), List.of()))));
    }

    private static SandboxFilter filter(Request request) {
        var metadata = new HashMap<String, String>();
        request.query()
                .forEach((name, value) -> {
                    if (name.startsWith(METADATA)) {
                        metadata.put(name.substring(METADATA.length()), value);
                    }
                });
        return new SandboxFilter(
                request.query("state").map(SandboxRoutes::state), request.query("user"), metadata);
    }

    private static SandboxState state(String name) {
        for (SandboxState state : SandboxState.values()) {
            if (state.wireName().equals(name.toLowerCase(Locale.ROOT))) {
                return state;
            }
        }
        throw CarrelException.ofParam(
                ErrorCode.INVALID_REQUEST,
                "state",
                "state must be creating, running, paused, stopped or deleted");
    }

    private Response get(Request request) {
        Sandbox found = sandboxes.get(Inputs.project(request), Inputs.sandbox(request.path("id")));
        return answer(found);
    }

    private Response answer(Sandbox sandbox) {
        List<Integer> ports =
                previews.list(sandbox.project(), sandbox.id()).stream()
                        .map(PreviewPort::port)
                        .toList();
        return Response.json(200, SandboxSpecs.info(sandbox, ports));
    }

    private Response change(Request request) {
        var patch = SandboxPatch.of(request, sandboxes.idleByDefault());
        return answer(
                sandboxes.change(
                        Inputs.project(request),
                        Inputs.sandbox(request.path("id")),
                        patch.change()));
    }

    private Response pause(Request request) {
        ProjectId project = Inputs.project(request);
        SandboxId id = Inputs.sandbox(request.path("id"));
        boolean toDisk = request.json(PauseRequest.class).toDisk().orElse(false);
        return answer(toDisk ? sandboxes.pauseToDisk(project, id) : sandboxes.pause(project, id));
    }

    private Response resume(Request request) {
        Sandbox resumed =
                sandboxes.resume(Inputs.project(request), Inputs.sandbox(request.path("id")));
        return answer(resumed);
    }

    private Response delete(Request request) {
        Principal caller = request.caller(Principal.class);
        sandboxes.delete(
                caller.project(),
                Inputs.sandbox(request.path("id")),
                DeletionReason.byKey(caller.keyId()));
        return Response.noContent();
    }
}
