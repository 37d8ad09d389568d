package dev.carrel.api;

import dev.carrel.store.Page;
import dev.carrel.wire.Json;
import dev.carrel.wire.Listing;
import java.lang.reflect.Type;
import java.util.function.Function;

/// Lists on the wire.
final class Lists {
    private Lists() {}

    /// The type of a list of `item`, for the description of a route.
    static Type of(Class<?> item) {
        return Json.strict().getTypeFactory().constructParametricType(Listing.class, item);
    }

    static <T, R> Listing<R> from(Page<T> page, Function<T, R> item) {
        return new Listing<>(page.items().stream().map(item).toList(), page.next());
    }
}
