package dev.carrel.http;

import java.util.List;

/// One thing that the server answers. `bodyBytesMax` bounds what a request may carry.
public record Route(
        HttpMethod method,
        String path,
        Access access,
        long bodyBytesMax,
        RouteDoc doc,
        Handler handler) {
    public static final long JSON_BYTES_MAX = 1 << 20;

    public Route {
        if (!path.startsWith("/")) {
            throw new IllegalArgumentException("a path starts with a slash: " + path);
        }
    }

    /// A route for holders of a key, with a body of at most [#JSON_BYTES_MAX].
    public static Route of(HttpMethod method, String path, RouteDoc doc, Handler handler) {
        return new Route(method, path, Access.KEY, JSON_BYTES_MAX, doc, handler);
    }

    /// The names of the parameters in the path, in order.
    public List<String> parameterNames() {
        return PathTemplate.of(path).names();
    }

    public Route openToAll() {
        return new Route(method, path, Access.OPEN, bodyBytesMax, doc, handler);
    }

    public Route withHandler(Handler other) {
        return new Route(method, path, access, bodyBytesMax, doc, other);
    }

    public Route withBodyBytesMax(long bytes) {
        return new Route(method, path, access, bytes, doc, handler);
    }
}
