package dev.carrel.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// The header fields of a message, in their order. Names are looked up in any case.
public record Fields(List<Field> list) {
    public static final Fields NONE = new Fields(List.of());

    public Fields {
        list = List.copyOf(list);
    }

    public Optional<String> first(String name) {
        return all(name).stream().findFirst();
    }

    public List<String> all(String name) {
        return list.stream()
                .filter(field -> field.name().equalsIgnoreCase(name))
                .map(Field::value)
                .toList();
    }

    public boolean has(String name) {
        return list.stream().anyMatch(field -> field.name().equalsIgnoreCase(name));
    }

    /// The members of a field that is a list of tokens, in lower case.
    public Set<String> tokens(String name) {
        return all(name).stream()
                .flatMap(value -> List.of(value.split(",", -1)).stream())
                .map(token -> Field.strip(token).toLowerCase(Locale.ROOT))
                .filter(token -> !token.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
    }

    /// Without the fields whose [Field#key] fits.
    public Fields without(Predicate<String> key) {
        return new Fields(list.stream().filter(field -> !key.test(field.key())).toList());
    }

    public Fields with(String name, String value) {
        var more = new ArrayList<>(list);
        more.add(new Field(name, value));
        return new Fields(more);
    }
}
