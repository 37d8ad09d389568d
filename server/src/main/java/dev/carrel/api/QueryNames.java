package dev.carrel.api;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import dev.carrel.http.Access;
import dev.carrel.http.Request;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import java.util.List;

/// Refuses what a route does not know in its query: a mistyped name would be obeyed by nobody.
/// Routes that are open to all take anything, since probes add what they like.
final class QueryNames {
    private QueryNames() {}

    static Route strict(Route route) {
        List<String> known =
                route.doc().parameters().stream()
                        .filter(parameter -> parameter.in().equals("query"))
                        .map(RouteDoc.Parameter::name)
                        .toList();
        return route.access() == Access.OPEN
                ? route
                : route.withHandler(request -> {
                    check(request, known);
                    return route.handler().handle(request);
                });
    }

    private static void check(Request request, List<String> known) {
        for (String name : request.query().keySet()) {
            if (known.stream().noneMatch(one -> fits(one, name))) {
                throw unknown(name, known);
            }
        }
    }

    /// A name such as `metadata.{key}` stands for all that begin like it.
    private static boolean fits(String known, String name) {
        int open = known.indexOf('{');
        return open < 0
                ? known.equals(name)
                : name.length() > open && name.startsWith(known.substring(0, open));
    }

    private static CarrelException unknown(String name, List<String> known) {
        String hint =
                Nearest.to(name, known)
                        .map(near -> "; did you mean \"" + near + "\"?")
                        .orElse(
                                known.isEmpty()
                                        ? "; this call takes none"
                                        : "; known are " + String.join(", ", known));
        return CarrelException.ofParam(
                ErrorCode.UNKNOWN_FIELD, name, "Unknown query parameter \"" + name + "\"" + hint);
    }
}
