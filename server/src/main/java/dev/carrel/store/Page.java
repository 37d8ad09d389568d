package dev.carrel.store;

import java.util.List;
import java.util.Optional;

/// A part of a list; `next` asks for the part after it and is absent at the end.
public record Page<T>(List<T> items, Optional<String> next) {
    public Page {
        items = List.copyOf(items);
    }
}
