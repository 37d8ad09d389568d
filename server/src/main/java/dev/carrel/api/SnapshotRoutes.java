package dev.carrel.api;

import static dev.carrel.http.HttpMethod.DELETE;
import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.Sandbox;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.Snapshot;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.store.Page;
import dev.carrel.wire.ForkRequest;
import dev.carrel.wire.RestoreRequest;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SnapshotInfo;
import dev.carrel.wire.SnapshotRequest;
import java.util.List;
import java.util.Optional;

/// `/v1/snapshots`, and what sandboxes have to do with them.
final class SnapshotRoutes {
    private static final long MIB = 1 << 20;

    private final Sandboxes sandboxes;
    private final Idempotency once;

    SnapshotRoutes(Sandboxes sandboxes, Idempotency once) {
        this.sandboxes = sandboxes;
        this.once = once;
    }

    List<Route> routes() {
        return List.of(take(), list(), get(), delete(), restore(), fork());
    }

    private Route take() {
        RouteDoc doc =
                RouteDoc.of("Save the files of a sandbox as they are now")
                        .takes(SnapshotRequest.class)
                        .gives(201, SnapshotInfo.class);
        return once.post(
                "/v1/sandboxes/{id}/snapshots",
                doc,
                request -> {
                    SnapshotRequest body = request.json(SnapshotRequest.class);
                    Snapshot taken =
                            sandboxes
                                    .snapshots()
                                    .take(
                                            Inputs.project(request),
                                            Inputs.sandbox(request.path("id")),
                                            body.name(),
                                            body.metadata());
                    return Response.json(201, info(taken));
                });
    }

    private Route list() {
        RouteDoc doc =
                RouteDoc.of("List snapshots, newest first")
                        .gives(200, Lists.of(SnapshotInfo.class))
                        .query("sandbox", "string", "Only those of this sandbox, gone or not")
                        .query("limit", "integer", "How many at most, 50 if absent")
                        .query("cursor", "string", "The next_cursor of the list before");
        return Route.of(
                GET,
                "/v1/snapshots",
                doc,
                request -> {
                    Page<Snapshot> page =
                            sandboxes
                                    .snapshots()
                                    .list(
                                            Inputs.project(request),
                                            request.query("sandbox").map(Inputs::sandbox),
                                            Inputs.limit(request),
                                            request.query("cursor"));
                    return Response.json(200, Lists.from(page, SnapshotRoutes::info));
                });
    }

    private Route get() {
        RouteDoc doc = RouteDoc.of("Read a snapshot").gives(200, SnapshotInfo.class);
        return Route.of(
                GET,
                "/v1/snapshots/{id}",
                doc,
                request ->
                        Response.json(
                                200,
                                info(
                                        sandboxes
                                                .snapshots()
                                                .get(Inputs.project(request), id(request)))));
    }

    private Route delete() {
        RouteDoc doc = RouteDoc.of("Delete a snapshot; sandboxes made from it stay");
        return Route.of(
                DELETE,
                "/v1/snapshots/{id}",
                doc,
                request -> {
                    sandboxes.snapshots().delete(Inputs.project(request), id(request));
                    return Response.noContent();
                });
    }

    private Route restore() {
        RouteDoc doc =
                RouteDoc.of("Give a sandbox the files of a snapshot; what runs in it ends")
                        .takes(RestoreRequest.class)
                        .gives(200, SandboxInfo.class);
        return once.post(
                "/v1/sandboxes/{id}/restore",
                doc,
                request -> {
                    Sandbox restored =
                            sandboxes
                                    .snapshots()
                                    .restore(
                                            Inputs.project(request),
                                            Inputs.sandbox(request.path("id")),
                                            Inputs.snapshot(
                                                    request.json(RestoreRequest.class).snapshot()));
                    return Response.json(200, SandboxSpecs.info(restored));
                });
    }

    private Route fork() {
        RouteDoc doc =
                RouteDoc.of("Make sandboxes with the files of this one; all of them or none")
                        .takes(ForkRequest.class)
                        .gives(201, Lists.of(SandboxInfo.class));
        return once.post(
                "/v1/sandboxes/{id}/fork",
                doc,
                request -> {
                    ForkRequest body = request.json(ForkRequest.class);
                    List<Sandbox> forks =
                            sandboxes.fork(
                                    Inputs.project(request),
                                    Inputs.sandbox(request.path("id")),
                                    body.count().orElse(1),
                                    body.name(),
                                    body.metadata());
                    var page = new Page<>(forks, Optional.empty());
                    return Response.json(201, Lists.from(page, SandboxSpecs::info));
                });
    }

    private static SnapshotId id(Request request) {
        return Inputs.snapshot(request.path("id"));
    }

    private static SnapshotInfo info(Snapshot snapshot) {
        return new SnapshotInfo(
                snapshot.id().value(),
                snapshot.sandbox().value(),
                snapshot.name(),
                snapshot.image(),
                snapshot.metadata(),
                (snapshot.sizeBytes() + MIB - 1) / MIB,
                snapshot.createdAt());
    }
}
