package dev.carrel.agent;

import dev.carrel.agent.Located.Field;
import dev.carrel.agent.Located.Fields;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/// Reads one object of a definition: what does not fit becomes a problem and counts as absent.
final class Section {
    private final String file;
    private final Fields fields;
    private final String where;
    private final Problems problems;

    /// `where` completes "unknown key … in".
    Section(String file, Fields fields, String where, Problems problems) {
        this.file = file;
        this.fields = fields;
        this.where = where;
        this.problems = problems;
    }

    int line() {
        return fields.line();
    }

    /// Reports every key that is in neither set.
    void allow(Set<String> known, Set<String> notSupportedYet) {
        fields.fields()
                .forEach((key, field) -> {
                    if (notSupportedYet.contains(key)) {
                        problem(field.line(), "\"" + key + "\" is not supported yet, in " + where);
                    } else if (!known.contains(key)) {
                        problem(
                                field.line(),
                                "unknown key \""
                                        + key
                                        + "\" in "
                                        + where
                                        + Problems.hint(key, known));
                    }
                });
    }

    Optional<Located> value(String key) {
        return Optional.ofNullable(fields.fields().get(key)).map(Field::value);
    }

    Optional<Located.Text> text(String key) {
        return value(key)
                .flatMap(value -> {
                    if (value instanceof Located.Text text) {
                        return Optional.of(text);
                    }
                    wrong(key, value, "text");
                    return Optional.empty();
                });
    }

    /// Reports it when the key is missing, too.
    Optional<Located.Text> requiredText(String key) {
        if (value(key).isEmpty()) {
            problem(line(), "\"" + key + "\" is missing in " + where);
        }
        return text(key);
    }

    Optional<Boolean> flag(String key) {
        return value(key)
                .flatMap(value -> {
                    if (value instanceof Located.Flag flag) {
                        return Optional.of(flag.value());
                    }
                    wrong(key, value, "true or false");
                    return Optional.empty();
                });
    }

    OptionalInt integer(String key, int minimum, int maximum) {
        Optional<BigDecimal> number = number(key, minimum, maximum, "a whole number");
        if (number.isEmpty()) {
            return OptionalInt.empty();
        }
        if (number.get().stripTrailingZeros().scale() > 0) {
            wrong(key, value(key).orElseThrow(), "a whole number");
            return OptionalInt.empty();
        }
        return OptionalInt.of(number.get().intValue());
    }

    OptionalDouble decimal(String key, double minimum, double maximum) {
        return number(key, minimum, maximum, "a number")
                .map(number -> OptionalDouble.of(number.doubleValue()))
                .orElse(OptionalDouble.empty());
    }

    /// A number above 0 with no more than `decimals` digits after the point.
    Optional<BigDecimal> amount(String key, BigDecimal maximum, int decimals) {
        Optional<BigDecimal> number = number(key, 0, maximum.doubleValue(), "a number");
        boolean fits =
                number.filter(n -> n.signum() > 0)
                        .filter(n -> n.stripTrailingZeros().scale() <= decimals)
                        .isPresent();
        if (number.isPresent() && !fits) {
            problem(
                    value(key).orElseThrow().line(),
                    "\"%s\" must be above 0 with no more than %d decimals in %s"
                            .formatted(key, decimals, where));
            return Optional.empty();
        }
        return number;
    }

    private Optional<BigDecimal> number(String key, double min, double max, String kind) {
        Optional<Located> value = value(key);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        if (!(value.get() instanceof Located.Decimal number)) {
            wrong(key, value.get(), kind);
            return Optional.empty();
        }
        if (number.value().compareTo(BigDecimal.valueOf(min)) < 0
                || number.value().compareTo(BigDecimal.valueOf(max)) > 0) {
            problem(
                    number.line(),
                    "\"%s\" must be from %s to %s in %s"
                            .formatted(key, plain(min), plain(max), where));
            return Optional.empty();
        }
        return Optional.of(number.value());
    }

    private static String plain(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }

    /// A list of texts; absent is different from empty.
    Optional<List<Located.Text>> texts(String key) {
        Optional<Located> value = value(key);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        if (!(value.get() instanceof Located.Items items)) {
            wrong(key, value.get(), "a list");
            return Optional.empty();
        }
        List<Located.Text> texts = new ArrayList<>();
        for (Located item : items.items()) {
            if (item instanceof Located.Text text) {
                texts.add(text);
            } else {
                problem(
                        item.line(),
                        "\"%s\" in %s must hold texts, not %s".formatted(key, where, item.kind()));
            }
        }
        return Optional.of(texts);
    }

    /// An object in this one.
    Optional<Section> section(String key) {
        return value(key)
                .flatMap(value -> {
                    if (value instanceof Fields object) {
                        String inside = "\"" + key + "\" of " + where;
                        return Optional.of(new Section(file, object, inside, problems));
                    }
                    wrong(key, value, "an object");
                    return Optional.empty();
                });
    }

    void problem(int line, String text) {
        problems.add(file, line, text);
    }

    private void wrong(String key, Located value, String expected) {
        problem(
                value.line(),
                "\"%s\" must be %s, not %s, in %s".formatted(key, expected, value.kind(), where));
    }

    String where() {
        return where;
    }
}
