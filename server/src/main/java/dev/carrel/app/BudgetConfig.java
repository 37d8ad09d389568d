package dev.carrel.app;

import dev.carrel.agent.Budget;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.session.Budgets;
import java.math.BigDecimal;
import java.util.Optional;

/// Reads `budgets` of the configuration: `usd`, `tokens`, `minutes` and `steps` of `session`,
/// `user` and `project`.
final class BudgetConfig {
    private final Config config;

    private BudgetConfig(Config config) {
        this.config = config;
    }

    static Budgets of(Config config) {
        var reader = new BudgetConfig(config);
        return new Budgets(
                reader.budget("budgets.session"),
                reader.budget("budgets.user"),
                reader.budget("budgets.project"));
    }

    private Budget budget(String at) {
        Optional<BigDecimal> usd = number(at + ".usd");
        Optional<Long> tokens = whole(at + ".tokens");
        Optional<BigDecimal> minutes = number(at + ".minutes");
        Optional<Integer> steps = whole(at + ".steps").map(Math::toIntExact);
        try {
            return Budget.of(usd, tokens, minutes, steps);
        } catch (IllegalArgumentException e) {
            throw new CarrelException(ErrorCode.INVALID_DEFINITION, at + "." + e.getMessage(), e);
        }
    }

    private Optional<Long> whole(String key) {
        return number(key)
                .map(number -> {
                    try {
                        return number.longValueExact();
                    } catch (ArithmeticException e) {
                        throw notNumber(key, number.toPlainString(), "a whole number");
                    }
                });
    }

    private Optional<BigDecimal> number(String key) {
        return config.text(key)
                .map(text -> {
                    try {
                        return new BigDecimal(text);
                    } catch (NumberFormatException e) {
                        throw notNumber(key, text, "a number");
                    }
                });
    }

    private static CarrelException notNumber(String key, String text, String wanted) {
        return new CarrelException(
                ErrorCode.INVALID_DEFINITION,
                "%s must be %s, not \"%s\"".formatted(key, wanted, text));
    }
}
