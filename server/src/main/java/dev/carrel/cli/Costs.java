package dev.carrel.cli;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;

/// Money as people read it.
final class Costs {
    private static final int DECIMALS = 4;

    private Costs() {}

    /// What is not known is not nothing.
    static String text(Optional<BigDecimal> usd) {
        return usd.map(cost -> "$" + cost.setScale(DECIMALS, RoundingMode.HALF_UP).toPlainString())
                .orElse("$ ?");
    }
}
