package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// All routes; the first that fits wins, so more special ones come first.
final class RouteTable {
    /// A route that fits, with its parameters as they stood in the path, not decoded.
    record Match(Route route, Map<String, String> rawParameters) {}

    private record Entry(Route route, PathTemplate template) {}

    private final List<Entry> entries;

    RouteTable(List<Route> routes) {
        var unique = new HashSet<String>();
        var list = new ArrayList<Entry>();
        for (Route route : routes) {
            if (!unique.add(route.method() + " " + route.path())) {
                throw new IllegalArgumentException("two routes for " + route.path());
            }
            list.add(new Entry(route, PathTemplate.of(route.path())));
        }
        entries = List.copyOf(list);
    }

    /// `HEAD` is for whatever has a `GET`.
    Optional<Match> find(String method, String rawPath) {
        Optional<Match> found = findExactly(method, rawPath);
        return found.isEmpty() && method.equals("HEAD") ? findExactly("GET", rawPath) : found;
    }

    private Optional<Match> findExactly(String method, String rawPath) {
        for (Entry entry : entries) {
            if (entry.route.method().name().equals(method)) {
                Optional<Map<String, String>> parameters = entry.template.match(rawPath);
                if (parameters.isPresent()) {
                    return Optional.of(new Match(entry.route, parameters.get()));
                }
            }
        }
        return Optional.empty();
    }

    /// What to say when [#find] found nothing.
    CarrelException missing(String method, String rawPath) {
        Set<String> methods = methods(rawPath);
        if (methods.isEmpty()) {
            return new CarrelException(
                    ErrorCode.NOT_FOUND,
                    "There is nothing at this path; GET /openapi.json lists what there is");
        }
        return new CarrelException(
                ErrorCode.METHOD_NOT_ALLOWED,
                "This path does not take " + method + "; it takes " + String.join(", ", methods));
    }

    Set<String> methods(String rawPath) {
        var methods = new TreeSet<String>();
        entries.stream()
                .filter(entry -> entry.template.match(rawPath).isPresent())
                .forEach(entry -> methods.add(entry.route.method().name()));
        return methods;
    }
}
