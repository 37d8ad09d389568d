package dev.carrel.preview;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// The path and the query of a request, as they were sent.
record Target(String path, Optional<String> query) {
    static Target of(String text) {
        int mark = text.indexOf('?');
        return mark < 0
                ? new Target(text, Optional.empty())
                : new Target(text.substring(0, mark), Optional.of(text.substring(mark + 1)));
    }

    /// The first value of a parameter whose name and value need no escapes.
    Optional<String> parameter(String name) {
        return pairs().stream()
                .filter(pair -> pair.startsWith(name + "="))
                .map(pair -> pair.substring(name.length() + 1))
                .findFirst();
    }

    /// Without any parameter of this name.
    Target without(String name) {
        if (pairs().stream().noneMatch(pair -> isNamed(pair, name))) {
            return this;
        }
        String rest =
                pairs().stream()
                        .filter(pair -> !isNamed(pair, name))
                        .collect(Collectors.joining("&"));
        return new Target(path, rest.isEmpty() ? Optional.empty() : Optional.of(rest));
    }

    private static boolean isNamed(String pair, String name) {
        return pair.equals(name) || pair.startsWith(name + "=");
    }

    private List<String> pairs() {
        return query.map(text -> List.of(text.split("&", -1))).orElse(List.of());
    }

    @Override
    public String toString() {
        return path + query.map(text -> "?" + text).orElse("");
    }
}
