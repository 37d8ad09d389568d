package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.session.Session;
import dev.carrel.session.SessionFiles;
import dev.carrel.session.SessionTravels;
import dev.carrel.wire.RewindRequest;
import dev.carrel.wire.SessionForkRequest;
import dev.carrel.wire.SessionInfo;
import java.util.List;
import java.util.Optional;

/// Going back in the time of a session.
final class TravelRoutes {
    private final SessionTravels travels;
    private final Idempotency once;

    TravelRoutes(ApiServices services, Idempotency once) {
        var files = new SessionFiles(services.sessions(), services.sandboxes());
        this.travels = new SessionTravels(services.sessions(), services.sandboxes(), files);
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
                        this::rewind));
    }

    private Response fork(Request request) {
        SessionForkRequest body = request.json(SessionForkRequest.class);
        Session fork =
                travels.fork(
                        Inputs.project(request),
                        Inputs.session(request.path("id")),
                        body.at(),
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
