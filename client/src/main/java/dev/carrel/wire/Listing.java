package dev.carrel.wire;

import java.util.List;
import java.util.Optional;

/// A part of a list. `next_cursor` asks for the part after it and is null at the end.
public record Listing<T>(List<T> data, Optional<String> nextCursor) {
    public Listing {
        data = List.copyOf(data);
    }

    /// A list that is there as a whole.
    public static <T> Listing<T> whole(List<T> items) {
        return new Listing<>(items, Optional.empty());
    }
}
