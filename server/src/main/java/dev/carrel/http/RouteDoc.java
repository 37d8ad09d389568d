package dev.carrel.http;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What `/openapi.json` says of a route: a record type for each body, absent where the body is no
/// JSON.
public record RouteDoc(
        String summary,
        Optional<Type> takes,
        String takesType,
        int status,
        Optional<Type> gives,
        List<String> givesTypes,
        List<Parameter> parameters) {
    public static final String JSON = "application/json";
    public static final String EVENTS = "text/event-stream";
    public static final String BYTES = "application/octet-stream";

    /// One parameter outside of path and body; `in` is `query` or `header`, `type` JSON Schema's
    /// name of it.
    public record Parameter(String name, String in, String type, String description) {}

    public RouteDoc {
        givesTypes = List.copyOf(givesTypes);
        parameters = List.copyOf(parameters);
    }

    /// A route that takes no body and answers 204.
    public static RouteDoc of(String summary) {
        return new RouteDoc(
                summary, Optional.empty(), "", 204, Optional.empty(), List.of(), List.of());
    }

    public RouteDoc takes(Type body) {
        return new RouteDoc(
                summary, Optional.of(body), JSON, status, gives, givesTypes, parameters);
    }

    public RouteDoc takesBytes(String contentType) {
        return new RouteDoc(
                summary, Optional.empty(), contentType, status, gives, givesTypes, parameters);
    }

    public RouteDoc gives(int newStatus, Type body) {
        return new RouteDoc(
                summary, takes, takesType, newStatus, Optional.of(body), List.of(JSON), parameters);
    }

    public RouteDoc givesBytes(String contentType) {
        return new RouteDoc(
                summary, takes, takesType, 200, Optional.empty(), List.of(contentType), parameters);
    }

    /// The route answers with an event stream too, where the request asks for it.
    public RouteDoc orEvents() {
        var types = new ArrayList<>(givesTypes);
        types.add(EVENTS);
        return new RouteDoc(summary, takes, takesType, status, gives, types, parameters);
    }

    public RouteDoc query(String name, String type, String description) {
        return with(new Parameter(name, "query", type, description));
    }

    public RouteDoc header(String name, String type, String description) {
        return with(new Parameter(name, "header", type, description));
    }

    private RouteDoc with(Parameter parameter) {
        var more = new ArrayList<>(parameters);
        more.add(parameter);
        return new RouteDoc(summary, takes, takesType, status, gives, givesTypes, more);
    }
}
