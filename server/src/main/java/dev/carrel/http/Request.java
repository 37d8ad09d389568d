package dev.carrel.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A request whose caller is known and whose path fits its route. Used by one thread.
public final class Request {
    private final String id;
    private final Route route;
    private final Map<String, String> rawParameters;
    private final Query query;
    private final Map<String, String> headers;
    private final Optional<?> caller;
    private final InputStream body;
    private byte @Nullable [] bytes;

    /// `rawParameters` are as they stood in the path, `headers` have names in lower case; `body`
    /// keeps to the route's limit by itself.
    Request(
            String id,
            Route route,
            Map<String, String> rawParameters,
            Query query,
            Map<String, String> headers,
            Optional<?> caller,
            InputStream body) {
        this.id = id;
        this.route = route;
        this.rawParameters = Map.copyOf(rawParameters);
        this.query = query;
        this.headers = headers;
        this.caller = caller;
        this.body = body;
    }

    /// Names this request in logs, in `x-request-id` and in error bodies.
    public String id() {
        return id;
    }

    public Route route() {
        return route;
    }

    /// What the [Authenticator] found; the route must not be open to all.
    public <T> T caller(Class<T> type) {
        return type.cast(caller.orElseThrow());
    }

    /// A parameter of the path, decoded once; fails with `INVALID_PATH` where it is no UTF-8.
    public String path(String name) {
        return Percent.decode(rawPath(name)).orElseThrow(() -> brokenPath(name));
    }

    /// The same as bytes, for paths of files, whose names may be anything.
    public byte[] pathBytes(String name) {
        return Percent.bytes(rawPath(name)).orElseThrow(() -> brokenPath(name));
    }

    private String rawPath(String name) {
        String value = rawParameters.get(name);
        if (value == null) {
            throw new IllegalArgumentException(route.path() + " has no parameter " + name);
        }
        return value;
    }

    private static CarrelException brokenPath(String name) {
        return CarrelException.ofParam(
                ErrorCode.INVALID_PATH,
                name,
                "The path holds a broken escape; each must be a percent sign and two hex digits,"
                        + " together valid UTF-8");
    }

    /// All parameters of the path, decoded.
    public Map<String, String> parameters() {
        var parameters = new HashMap<String, String>();
        rawParameters.keySet().forEach(name -> parameters.put(name, path(name)));
        return parameters;
    }

    public Optional<String> query(String name) {
        return query.get(name);
    }

    /// All of the query, decoded.
    public Map<String, String> query() {
        return query.all();
    }

    /// `true` or `1`, `false` or `0`; present without a value means true, absent false.
    public boolean flag(String name) {
        return switch (query(name).orElse("false").toLowerCase(Locale.ROOT)) {
            case "true", "1", "" -> true;
            case "false", "0" -> false;
            default -> throw invalid(name, "must be true or false");
        };
    }

    /// A whole number in the query.
    public long number(String name, long byDefault, long min, long max) {
        return query(name).map(text -> parse(name, text, min, max)).orElse(byDefault);
    }

    private static long parse(String name, String text, long min, long max) {
        try {
            long value = Long.parseLong(text);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Answered below like a number out of range.
        }
        throw invalid(name, "must be a whole number from " + min + " to " + max);
    }

    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
    }

    /// Whether the client asks for an event stream.
    public boolean wantsEvents() {
        return header("accept").orElse("").contains(RouteDoc.EVENTS);
    }

    /// The body as it comes; fails with `BODY_TOO_LARGE` where it passes the route's limit.
    public InputStream stream() {
        return body;
    }

    /// The whole body; the same array each time.
    public byte[] bytes() {
        byte[] read = bytes;
        if (read == null) {
            try {
                read = body.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e); // a BoundedBody throws none
            }
            bytes = read;
        }
        return read;
    }

    /// The body as a record of the API; unknown fields, wrong types and missing ones are refused.
    /// No body at all is the same as `{}`.
    public <T> T json(Class<T> type) {
        return JsonBodies.read(type, Json.strict(), bytes());
    }

    /// The body as a record that takes fields it does not know.
    public <T> T lenientJson(Class<T> type) {
        return JsonBodies.read(type, Json.lenient(), bytes());
    }

    /// The body as a JSON object of any content.
    public ObjectNode jsonObject() {
        return JsonBodies.read(ObjectNode.class, Json.lenient(), bytes());
    }

    private static CarrelException invalid(String name, String what) {
        return CarrelException.ofParam(ErrorCode.INVALID_REQUEST, name, name + " " + what);
    }
}
