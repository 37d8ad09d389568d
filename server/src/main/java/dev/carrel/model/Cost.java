package dev.carrel.model;

import java.math.BigDecimal;

/// An amount of money, exact: one token of a cheap model costs far less than a millionth of a
/// dollar, so what is counted are 10⁻¹² dollars. Never negative; what is more than [#MAX] is that.
public record Cost(long picoUsd) implements Comparable<Cost> {
    private static final int SCALE = 12;

    public static final Cost ZERO = new Cost(0);

    /// A million dollars, so that no sum of a few overflows.
    public static final Cost MAX = new Cost(1_000_000_000_000_000_000L);

    public Cost {
        if (picoUsd < 0) {
            throw new IllegalArgumentException("a cost must not be negative");
        }
        picoUsd = Math.min(picoUsd, 1_000_000_000_000_000_000L);
    }

    /// Digits beyond the twelfth after the point are cut off.
    public static Cost ofUsd(BigDecimal usd) {
        BigDecimal pico = usd.movePointRight(SCALE);
        return pico.compareTo(BigDecimal.valueOf(MAX.picoUsd)) > 0
                ? MAX
                : new Cost(pico.longValue());
    }

    public Cost plus(Cost other) {
        return new Cost(picoUsd + other.picoUsd);
    }

    /// In dollars, without zeros at the end.
    public BigDecimal usd() {
        BigDecimal usd = BigDecimal.valueOf(picoUsd, SCALE).stripTrailingZeros();
        return usd.scale() < 0 ? usd.setScale(0) : usd;
    }

    @Override
    public int compareTo(Cost other) {
        return Long.compare(picoUsd, other.picoUsd);
    }

    @Override
    public String toString() {
        return usd().toPlainString() + " USD";
    }
}
