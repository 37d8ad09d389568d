package dev.carrel.session;

import dev.carrel.agent.Budget;

/// What the operator lets be spent at most: by each session in its life, by each end user of a
/// project and by each project on one day (UTC). A turn may go beyond them by the one model call
/// that is under way when they are spent, and so may each other turn that runs at that time.
public record Budgets(Budget session, Budget user, Budget project) {
    public static final Budgets NONE = new Budgets(Budget.NONE, Budget.NONE, Budget.NONE);
}
