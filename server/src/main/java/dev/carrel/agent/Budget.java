package dev.carrel.agent;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Cost;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// How much may be spent; what is absent has no limit. `tokens` are input and output together,
/// `minutes` are those in which models and tools work, `steps` are model calls.
public record Budget(
        Optional<BigDecimal> usd,
        OptionalLong tokens,
        Optional<BigDecimal> minutes,
        OptionalInt steps) {
    public static final BigDecimal USD_MAX = BigDecimal.valueOf(1_000_000);
    public static final int USD_DECIMALS_MAX = 6;
    public static final long TOKENS_MAX = 1_000_000_000_000L;
    public static final BigDecimal MINUTES_MAX = BigDecimal.valueOf(527_040); // a leap year
    public static final int MINUTES_DECIMALS_MAX = 3;
    public static final int STEPS_MAX = 1_000_000;

    public static final Budget NONE =
            new Budget(
                    Optional.empty(), OptionalLong.empty(), Optional.empty(), OptionalInt.empty());

    private static final BigDecimal MILLIS_PER_MINUTE = BigDecimal.valueOf(60_000);

    /// Fails with [IllegalArgumentException], which says what is wrong.
    public Budget {
        amount("usd", usd, USD_MAX, USD_DECIMALS_MAX);
        tokens.ifPresent(number -> require("tokens", number, TOKENS_MAX));
        amount("minutes", minutes, MINUTES_MAX, MINUTES_DECIMALS_MAX);
        steps.ifPresent(number -> require("steps", number, STEPS_MAX));
    }

    /// The same from values of an API.
    public static Budget of(
            Optional<BigDecimal> usd,
            Optional<Long> tokens,
            Optional<BigDecimal> minutes,
            Optional<Integer> steps) {
        return new Budget(
                usd,
                tokens.map(OptionalLong::of).orElse(OptionalLong.empty()),
                minutes,
                steps.map(OptionalInt::of).orElse(OptionalInt.empty()));
    }

    /// The same from a request, whose field `budget` is blamed: fails with `INVALID_REQUEST`.
    public static Budget requested(
            Optional<BigDecimal> usd,
            Optional<Long> tokens,
            Optional<BigDecimal> minutes,
            Optional<Integer> steps) {
        try {
            return of(usd, tokens, minutes, steps);
        } catch (IllegalArgumentException e) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST, "budget", "budget: " + e.getMessage());
        }
    }

    private static void amount(
            String name, Optional<BigDecimal> amount, BigDecimal max, int decimalsMax) {
        if (amount.isPresent()
                && (amount.get().signum() <= 0
                        || amount.get().compareTo(max) > 0
                        || amount.get().stripTrailingZeros().scale() > decimalsMax)) {
            throw new IllegalArgumentException(
                    "%s must be above 0, at most %s and have no more than %d decimals"
                            .formatted(name, max, decimalsMax));
        }
    }

    private static void require(String name, long number, long max) {
        if (number < 1 || number > max) {
            throw new IllegalArgumentException("%s must be from 1 to %d".formatted(name, max));
        }
    }

    /// Of each limit the lower one.
    public Budget lower(Budget other) {
        return new Budget(
                lower(usd, other.usd),
                tokens.isPresent() && other.tokens.isPresent()
                        ? OptionalLong.of(Math.min(tokens.getAsLong(), other.tokens.getAsLong()))
                        : tokens.isPresent() ? tokens : other.tokens,
                lower(minutes, other.minutes),
                steps.isPresent() && other.steps.isPresent()
                        ? OptionalInt.of(Math.min(steps.getAsInt(), other.steps.getAsInt()))
                        : steps.isPresent() ? steps : other.steps);
    }

    private static Optional<BigDecimal> lower(Optional<BigDecimal> a, Optional<BigDecimal> b) {
        return a.isPresent() && b.isPresent() ? Optional.of(a.get().min(b.get())) : a.or(() -> b);
    }

    Optional<Cost> cost() {
        return usd.map(Cost::ofUsd);
    }

    Optional<Duration> time() {
        return minutes.map(
                number -> Duration.ofMillis(number.multiply(MILLIS_PER_MINUTE).longValue()));
    }

    static BigDecimal minutes(Duration time) {
        return BigDecimal.valueOf(time.toMillis())
                .divide(MILLIS_PER_MINUTE, MINUTES_DECIMALS_MAX, RoundingMode.HALF_UP)
                .stripTrailingZeros();
    }

    /// `budget`, or none where a definition that was stored before there were budgets has null.
    static Budget orNone(Budget budget) {
        return Objects.requireNonNullElse(budget, NONE);
    }
}
