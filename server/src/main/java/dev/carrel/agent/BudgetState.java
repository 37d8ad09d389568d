package dev.carrel.agent;

import dev.carrel.agent.Event.BudgetReached;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/// A budget and what is spent of it.
public record BudgetState(Scope scope, Budget limit, Spent spent) {
    /// Whose budget it is. Those of users and projects are for one day, in UTC.
    public enum Scope {
        TURN("this turn"),
        SESSION("this session"),
        USER("this user today (UTC)"),
        PROJECT("this project today (UTC)");

        private final String words;

        Scope(String words) {
            this.words = words;
        }

        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// The first limit that does not leave room for another model call.
    public Optional<BudgetReached> reached() {
        return limit.cost()
                .filter(cost -> spent.cost().compareTo(cost) >= 0)
                .map(cost -> reached("usd", cost.usd(), spent.cost().usd()))
                .or(() ->
                        limit.tokens().stream()
                                .filter(tokens -> spent.tokens() >= tokens)
                                .mapToObj(tokens -> reached("tokens", tokens, spent.tokens()))
                                .findFirst())
                .or(() -> timeLeft().filter(left -> !left.isPositive()).map(_ -> timeIsUp()))
                .or(() ->
                        limit.steps().stream()
                                .filter(steps -> spent.steps() >= steps)
                                .mapToObj(steps -> reached("steps", steps, spent.steps()))
                                .findFirst());
    }

    /// How long models and tools may work yet; empty without a limit.
    Optional<Duration> timeLeft() {
        return limit.time().map(time -> time.minus(spent.work()));
    }

    /// What is said when the time of a call under way was all that was left.
    BudgetReached timeIsUp() {
        Duration time = limit.time().orElse(Duration.ZERO);
        Duration used = spent.work().compareTo(time) > 0 ? spent.work() : time;
        return reached("minutes", Budget.minutes(time), Budget.minutes(used));
    }

    private BudgetReached reached(String unit, long limit, long used) {
        return reached(unit, BigDecimal.valueOf(limit), BigDecimal.valueOf(used));
    }

    private BudgetReached reached(String unit, BigDecimal limit, BigDecimal used) {
        return new BudgetReached(scope.wireName(), unit, limit, used);
    }

    /// A sentence for whoever reads why something ended or was refused.
    public static String text(BudgetReached reached) {
        Scope scope = Scope.valueOf(reached.scope().toUpperCase(Locale.ROOT));
        return "the budget of %s is spent: %s of %s %s"
                .formatted(
                        scope.words,
                        reached.used().toPlainString(),
                        reached.limit().toPlainString(),
                        reached.unit());
    }
}
