package dev.carrel.http;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A path with places for parameters: `/v1/sandboxes/{id}/files/{path...}`. A `{name}` matches one
/// segment that is not empty, a last `{name...}` the whole rest, slashes included.
record PathTemplate(String text, List<String> segments) {
    PathTemplate {
        segments = List.copyOf(segments);
    }

    static PathTemplate of(String text) {
        return new PathTemplate(text, List.of(text.substring(1).split("/", -1)));
    }

    /// The raw parameters when `rawPath` fits.
    Optional<Map<String, String>> match(String rawPath) {
        if (!rawPath.startsWith("/")) {
            return Optional.empty();
        }
        var parameters = new HashMap<String, String>();
        int at = 1;
        for (int i = 0; i < segments.size(); i++) {
            String segment = segments.get(i);
            if (at > rawPath.length()) {
                return Optional.empty();
            }
            if (isRest(segment)) {
                parameters.put(name(segment), rawPath.substring(at));
                return Optional.of(parameters);
            }
            int slash = rawPath.indexOf('/', at);
            int end = slash < 0 ? rawPath.length() : slash;
            String part = rawPath.substring(at, end);
            if (!accepts(segment, part, parameters)) {
                return Optional.empty();
            }
            at = end + 1;
        }
        return at > rawPath.length() ? Optional.of(parameters) : Optional.empty();
    }

    private static boolean accepts(String segment, String part, Map<String, String> parameters) {
        if (!segment.startsWith("{")) {
            return segment.equals(part);
        }
        parameters.put(name(segment), part);
        return !part.isEmpty();
    }

    /// The names of the parameters, in order.
    List<String> names() {
        var names = new ArrayList<String>();
        segments.stream().filter(s -> s.startsWith("{")).forEach(s -> names.add(name(s)));
        return names;
    }

    private static boolean isRest(String segment) {
        return segment.endsWith("...}");
    }

    private static String name(String segment) {
        String inner = segment.substring(1, segment.length() - 1);
        return isRest(segment) ? inner.substring(0, inner.length() - 3) : inner;
    }
}
