package dev.carrel.store;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// A part of a list; `next` asks for the part after it and is absent at the end.
public record Page<T>(List<T> items, Optional<String> next) {
    public static final int LIMIT_MAX = 1000;

    public Page {
        items = List.copyOf(items);
    }

    /// The page in `rows`, which were asked for with one more than `limit` to see whether there is
    /// a next page.
    public static <T> Page<T> of(List<T> rows, int limit, Function<T, Cursor> place) {
        if (rows.size() <= limit) {
            return new Page<>(rows, Optional.empty());
        }
        List<T> items = rows.subList(0, limit);
        return new Page<>(items, Optional.of(place.apply(items.getLast()).text()));
    }

    /// Fails with `INVALID_REQUEST`.
    public static void checkLimit(int limit) {
        if (limit < 1 || limit > LIMIT_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "limit",
                    "limit must be from 1 to " + LIMIT_MAX + ", not " + limit);
        }
    }
}
