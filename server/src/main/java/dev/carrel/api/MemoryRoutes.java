package dev.carrel.api;

import static dev.carrel.http.HttpMethod.DELETE;
import static dev.carrel.http.HttpMethod.GET;
import static dev.carrel.http.HttpMethod.PUT;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.session.Deployments;
import dev.carrel.session.Memories;
import dev.carrel.session.MemoryName;
import dev.carrel.session.StoredMemory;
import dev.carrel.wire.Listing;
import dev.carrel.wire.MemoryInfo;
import dev.carrel.wire.MemoryRequest;
import dev.carrel.wire.MemoryVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `/v1/memory`: what agents remember beyond a session.
final class MemoryRoutes {
    private static final Pattern TAG = Pattern.compile("\"([^\"]*)\"");

    private final Deployments deployments;
    private final Memories memories;

    MemoryRoutes(Deployments deployments) {
        this.deployments = deployments;
        this.memories = deployments.memories();
    }

    List<Route> routes() {
        var routes = new ArrayList<Route>();
        routes.add(
                Route.of(
                        GET,
                        "/v1/memory",
                        RouteDoc.of("List what is remembered, newest first, without the texts")
                                .gives(200, Lists.of(MemoryInfo.class))
                                .query("limit", "integer", "How many at most, 50 if absent")
                                .query("cursor", "string", "The next_cursor of the list before"),
                        this::list));
        routes.addAll(
                routes("/v1/memory/project", "the project's memory", _ -> MemoryName.PROJECT));
        routes.addAll(
                routes(
                        "/v1/memory/agents/{name}",
                        "an agent's memory",
                        request -> MemoryName.agent(request.path("name"))));
        routes.addAll(
                routes(
                        "/v1/memory/users/{user}",
                        "what is remembered about an end user",
                        request -> MemoryName.user(request.path("user"))));
        return routes;
    }

    private List<Route> routes(String path, String what, Function<Request, MemoryName> name) {
        return List.of(
                Route.of(
                        GET,
                        path,
                        RouteDoc.of("Read " + what)
                                .gives(200, MemoryInfo.class)
                                .query("version", "integer", "An earlier version"),
                        request -> get(request, name.apply(request))),
                Route.of(
                        PUT,
                        path,
                        RouteDoc.of("Replace " + what)
                                .header("If-Match", "string", "The tag that it must still have")
                                .takes(MemoryRequest.class)
                                .gives(200, MemoryInfo.class),
                        request -> put(request, name.apply(request))),
                Route.of(
                        DELETE,
                        path,
                        RouteDoc.of("Delete " + what + ", with its versions")
                                .header("If-Match", "string", "The tag that it must still have"),
                        request -> delete(request, name.apply(request))),
                Route.of(
                        GET,
                        path + "/versions",
                        RouteDoc.of("List the versions of " + what + " that are kept")
                                .gives(200, Lists.of(MemoryVersion.class)),
                        request -> versions(request, name.apply(request))));
    }

    private Response list(Request request) {
        return Response.json(
                200,
                Lists.from(
                        memories.list(
                                Inputs.project(request),
                                Inputs.limit(request),
                                request.query("cursor")),
                        memory -> info(memory, Optional.empty())));
    }

    private Response get(Request request, MemoryName name) {
        return request.query("version").isPresent()
                ? answer(
                        memories.get(
                                Inputs.project(request),
                                name,
                                request.number("version", 1, 1, Long.MAX_VALUE)))
                : answer(memories.get(Inputs.project(request), name));
    }

    private Response put(Request request, MemoryName name) {
        String text = request.json(MemoryRequest.class).text();
        if (name.isAgents()) {
            deployments.agent(Inputs.project(request), name.name()); // must exist
        }
        return answer(memories.put(Inputs.project(request), name, text, tag(request)));
    }

    private Response delete(Request request, MemoryName name) {
        memories.delete(Inputs.project(request), name, tag(request));
        return Response.noContent();
    }

    private Response versions(Request request, MemoryName name) {
        return Response.json(
                200,
                Listing.whole(
                        memories.versions(Inputs.project(request), name).stream()
                                .map(version ->
                                        new MemoryVersion(
                                                version.version(),
                                                version.bytes(),
                                                version.author(),
                                                version.createdAt()))
                                .toList()));
    }

    private static Optional<String> tag(Request request) {
        Optional<String> header = request.header("If-Match");
        if (header.isEmpty()) {
            return Optional.empty();
        }
        Matcher tag = TAG.matcher(header.get().strip());
        if (!tag.matches()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST, "If-Match", "If-Match must be one tag in quotes");
        }
        return Optional.of(tag.group(1));
    }

    private static Response answer(StoredMemory memory) {
        return Response.json(200, info(memory, Optional.of(memory.text())))
                .withHeader("ETag", "\"" + memory.tag() + "\"");
    }

    private static MemoryInfo info(StoredMemory memory, Optional<String> text) {
        MemoryName name = memory.name();
        return new MemoryInfo(
                name.scopeName(),
                Optional.of(name.name()).filter(given -> !given.isEmpty()),
                memory.version(),
                memory.tag(),
                text,
                memory.bytes(),
                memory.author(),
                memory.createdAt(),
                memory.updatedAt());
    }
}
