package dev.carrel.agent;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/// Reads the `budget` of an agent. Its steps are limited by `maxSteps`.
final class BudgetSection {
    private BudgetSection() {}

    static Budget read(Section section) {
        section.allow(Set.of("usd", "tokens", "minutes"), Set.of());
        return new Budget(
                section.amount("usd", Budget.USD_MAX, Budget.USD_DECIMALS_MAX),
                section.amount("tokens", BigDecimal.valueOf(Budget.TOKENS_MAX), 0).stream()
                        .mapToLong(BigDecimal::longValue)
                        .mapToObj(OptionalLong::of)
                        .findFirst()
                        .orElse(OptionalLong.empty()),
                section.amount("minutes", Budget.MINUTES_MAX, Budget.MINUTES_DECIMALS_MAX),
                OptionalInt.empty());
    }

    static Budget orNone(Optional<Section> section) {
        return section.map(BudgetSection::read).orElse(Budget.NONE);
    }
}
