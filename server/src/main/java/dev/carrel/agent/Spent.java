package dev.carrel.agent;

import dev.carrel.model.Cost;
import java.time.Duration;

/// What was taken of a [Budget]. `cost` is that of the calls whose price was known.
public record Spent(Cost cost, long tokens, Duration work, long steps) {
    public static final Spent NOTHING = new Spent(Cost.ZERO, 0, Duration.ZERO, 0);
}
