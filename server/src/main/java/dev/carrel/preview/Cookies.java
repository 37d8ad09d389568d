package dev.carrel.preview;

import dev.carrel.http.Fields;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Cookies as browsers send and take them (RFC 6265, 4.2 and 5.2).
final class Cookies {
    private Cookies() {}

    /// All that the client sent under this name.
    static Stream<String> values(Fields fields, String name) {
        return fields.all("cookie").stream()
                .flatMap(value -> List.of(value.split(";", -1)).stream())
                .map(String::strip)
                .filter(pair -> name(pair).equals(name))
                .map(pair -> pair.substring(pair.indexOf('=') + 1).strip());
    }

    /// One value of Cookie without the cookies of this name; empty if nothing is left.
    static Optional<String> without(String value, String name) {
        String rest =
                List.of(value.split(";", -1)).stream()
                        .map(String::strip)
                        .filter(pair -> !pair.isEmpty() && !name(pair).equals(name))
                        .collect(Collectors.joining("; "));
        return rest.isEmpty() ? Optional.empty() : Optional.of(rest);
    }

    /// A Set-Cookie of an application that reaches no other host than its own, however it was
    /// meant; empty for one that would replace ours.
    static Optional<String> hostOnly(String value, String ours) {
        List<String> parts = List.of(value.split(";", -1));
        if (name(parts.getFirst().strip()).equals(ours)) {
            return Optional.empty();
        }
        return Optional.of(
                parts.stream()
                        .filter(part ->
                                !name(part.strip()).toLowerCase(Locale.ROOT).equals("domain"))
                        .map(String::strip)
                        .collect(Collectors.joining("; ")));
    }

    private static String name(String pair) {
        int equals = pair.indexOf('=');
        return equals < 0 ? pair : pair.substring(0, equals).strip();
    }
}
