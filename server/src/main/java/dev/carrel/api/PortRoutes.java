package dev.carrel.api;

import static dev.carrel.http.HttpMethod.DELETE;
import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.preview.PreviewPort;
import dev.carrel.preview.Previews;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.wire.Listing;
import dev.carrel.wire.PortInfo;
import dev.carrel.wire.PortRequest;
import java.util.List;
import java.util.Optional;

/// `/v1/sandboxes/{id}/ports`: what of a sandbox is shown as a preview.
final class PortRoutes {
    private final Previews previews;
    private final Idempotency once;

    PortRoutes(Previews previews, Idempotency once) {
        this.previews = previews;
        this.once = once;
    }

    List<Route> routes() {
        return List.of(
                once.post(
                        "/v1/sandboxes/{id}/ports",
                        RouteDoc.of("Show a port as a preview; its token is in this answer only")
                                .takes(PortRequest.class)
                                .gives(201, PortInfo.class),
                        this::register),
                Route.of(
                        GET,
                        "/v1/sandboxes/{id}/ports",
                        RouteDoc.of("List the ports shown as previews")
                                .gives(200, Lists.of(PortInfo.class)),
                        this::list),
                Route.of(
                        DELETE,
                        "/v1/sandboxes/{id}/ports/{port}",
                        RouteDoc.of("Show a port no more; its token opens nothing from now on"),
                        this::remove));
    }

    private Response register(Request request) {
        PortRequest body = request.json(PortRequest.class);
        Previews.Registered made =
                previews.register(
                        Inputs.project(request),
                        Inputs.sandbox(request.path("id")),
                        body.port(),
                        body.label(),
                        body.isPublic().orElse(false)
                                ? Previews.Audience.EVERYBODY
                                : Previews.Audience.TOKEN_HOLDERS);
        return Response.json(201, info(made.port(), made.token()))
                .withHeader("Cache-Control", "no-store");
    }

    private Response list(Request request) {
        SandboxId sandbox = Inputs.sandbox(request.path("id"));
        return Response.json(
                200,
                Listing.whole(
                        previews.list(Inputs.project(request), sandbox).stream()
                                .map(port -> info(port, Optional.empty()))
                                .toList()));
    }

    private Response remove(Request request) {
        previews.remove(
                Inputs.project(request),
                Inputs.sandbox(request.path("id")),
                port(request.path("port")));
        return Response.noContent();
    }

    private static int port(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new CarrelException(ErrorCode.PORT_NOT_FOUND, "A port is a number", e);
        }
    }

    private PortInfo info(PreviewPort port, Optional<String> token) {
        return new PortInfo(
                port.port(),
                port.label(),
                port.isPublic(),
                previews.url(port.sandbox(), port.port()),
                port.createdAt(),
                token);
    }
}
