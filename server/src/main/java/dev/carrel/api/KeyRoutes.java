package dev.carrel.api;

import static dev.carrel.http.HttpMethod.DELETE;
import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.auth.Keys;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.wire.KeyInfo;
import dev.carrel.wire.KeyRequest;
import java.util.List;
import java.util.Optional;

/// `/v1/keys`: the API keys of the caller's project.
final class KeyRoutes {
    private final Keys keys;
    private final Idempotency once;

    KeyRoutes(Keys keys, Idempotency once) {
        this.keys = keys;
        this.once = once;
    }

    List<Route> routes() {
        return List.of(
                once.post(
                        "/v1/keys",
                        RouteDoc.of("Make a key; its text is in this answer and never again")
                                .takes(KeyRequest.class)
                                .gives(201, KeyInfo.class),
                        this::create),
                Route.of(
                        GET,
                        "/v1/keys",
                        RouteDoc.of("List keys, newest first")
                                .gives(200, Lists.of(KeyInfo.class))
                                .query("limit", "integer", "How many at most, 50 if absent")
                                .query("cursor", "string", "The next_cursor of the list before"),
                        this::list),
                Route.of(
                        DELETE,
                        "/v1/keys/{id}",
                        RouteDoc.of("Revoke a key at once"),
                        this::revoke));
    }

    private Response create(Request request) {
        Keys.NewKey made =
                keys.create(Inputs.project(request), request.json(KeyRequest.class).name());
        return Response.json(201, info(made.key(), Optional.of(made.secret())))
                .withHeader("Cache-Control", "no-store");
    }

    private Response list(Request request) {
        return Response.json(
                200,
                Lists.from(
                        keys.list(
                                Inputs.project(request),
                                Inputs.limit(request),
                                request.query("cursor")),
                        key -> info(key, Optional.empty())));
    }

    private Response revoke(Request request) {
        keys.revoke(Inputs.project(request), request.path("id"));
        return Response.noContent();
    }

    private static KeyInfo info(Keys.Key key, Optional<String> secret) {
        return new KeyInfo(key.id(), key.name(), key.hint(), key.createdAt(), secret);
    }
}
