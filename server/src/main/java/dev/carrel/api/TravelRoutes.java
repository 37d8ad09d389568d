package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.session.Session;
import dev.carrel.session.SessionDiffs;
import dev.carrel.session.SessionFiles;
import dev.carrel.session.SessionTravels;
import dev.carrel.wire.DiffInfo;
import dev.carrel.wire.RewindRequest;
import dev.carrel.wire.SessionForkRequest;
import dev.carrel.wire.SessionInfo;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// Going back in the time of a session.
final class TravelRoutes {
    private final SessionTravels travels;
    private final SessionDiffs diffs;
    private final Idempotency once;

    TravelRoutes(ApiServices services, Idempotency once) {
        var files = new SessionFiles(services.sessions(), services.sandboxes());
        this.travels = new SessionTravels(services.sessions(), services.sandboxes(), files);
        this.diffs = new SessionDiffs(services.sessions(), services.sandboxes(), files);
        this.once = once;
    }

    List<Route> routes() {
        return List.of(
                once.post(
                        "/v1/sessions/{id}/fork",
                        RouteDoc.of("Begin a session with the past of this one, files included")
                                .takes(SessionForkRequest.class)
                                .gives(201, SessionInfo.class),
                        this::fork),
                once.post(
                        "/v1/sessions/{id}/rewind",
                        RouteDoc.of("Go back to an earlier entry, files included")
                                .takes(RewindRequest.class)
                                .gives(200, SessionInfo.class),
                        this::rewind),
                Route.of(
                        GET,
                        "/v1/sessions/{id}/diff",
                        RouteDoc.of("Show what differs between the files at two entries")
                                .gives(200, DiffInfo.class)
                                .query("from", "integer", "The one entry, the first if absent")
                                .query("to", "integer", "The other one, now if absent")
                                .query("path", "string", "A directory, /workspace if absent"),
                        this::diff));
    }

    private Response diff(Request request) {
        long from = request.number("from", 1, 1, Long.MAX_VALUE);
        OptionalLong to =
                request.query("to").isPresent()
                        ? OptionalLong.of(request.number("to", 1, 1, Long.MAX_VALUE))
                        : OptionalLong.empty();
        SessionDiffs.Diff diff =
                diffs.diff(
                        Inputs.project(request),
                        Inputs.session(request.path("id")),
                        from,
                        to,
                        request.query("path").orElse(WorkspaceSettings.DIRECTORY));
        var shown = to.isPresent() ? Optional.of(to.getAsLong()) : Optional.<Long>empty();
        return Response.json(
                200, new DiffInfo(from, shown, diff.patch(), diff.files(), !diff.complete()));
    }

    private Response fork(Request request) {
        SessionForkRequest body = request.json(SessionForkRequest.class);
        Session fork =
                travels.fork(
                        Inputs.project(request),
                        Inputs.session(request.path("id")),
                        body.at().map(OptionalLong::of).orElseGet(OptionalLong::empty),
                        files(body.files()));
        return Response.json(201, SessionRoutes.info(fork, List.of()));
    }

    private Response rewind(Request request) {
        RewindRequest body = request.json(RewindRequest.class);
        Session rewound =
                travels.rewind(
                        Inputs.project(request),
                        Inputs.session(request.path("id")),
                        body.to(),
                        files(body.files()));
        return Response.json(200, SessionRoutes.info(rewound, List.of()));
    }

    private static SessionTravels.Files files(Optional<String> text) {
        return switch (text.orElse("restore")) {
            case "restore" -> SessionTravels.Files.RESTORE;
            case "none" -> SessionTravels.Files.NONE;
            default ->
                    throw CarrelException.ofParam(
                            ErrorCode.INVALID_REQUEST,
                            "files",
                            "files must be \"restore\" or \"none\"");
        };
    }
}
