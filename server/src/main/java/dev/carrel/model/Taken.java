package dev.carrel.model;

import java.util.Optional;

/// What model calls took of which nothing counts: they were cut, or what came was no answer.
/// `estimated` where the provider has not said it, or not all of it.
public record Taken(Usage usage, boolean estimated) {
    public static final Taken NOTHING = new Taken(Usage.NONE, false);

    public Taken plus(Taken other) {
        return new Taken(usage.plus(other.usage), estimated || other.estimated);
    }

    Taken at(Optional<Price> price) {
        return new Taken(usage.bounded().at(price), estimated);
    }
}
