package dev.carrel.session;

import dev.carrel.agent.Budget;
import dev.carrel.agent.BudgetState;
import dev.carrel.agent.BudgetState.Scope;
import dev.carrel.agent.Event;
import dev.carrel.agent.Spent;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.Cost;
import dev.carrel.model.Usage;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Update;

/// What sessions, users and projects spend, and what they may. Everything here runs inside its
/// caller's transaction.
final class Spending {
    /// How long the sums of a day are kept.
    static final int DAYS_KEPT = 400;

    private Spending() {}

    /// Adds what an entry of the journal says was taken.
    static void add(Handle handle, SessionKey key, Event event, Instant now) {
        switch (event) {
            case Event.AssistantMessage e -> add(handle, key, e.usage(), 1, e.duration(), now);
            case Event.Compaction e ->
                    e.summary()
                            .ifPresent(
                                    cut -> add(handle, key, cut.usage(), 0, cut.duration(), now));
            case Event.ModelLost e -> add(handle, key, e.usage(), 0, e.duration(), now);
            case Event.ModelFailed e -> addWork(handle, key, e.duration(), now);
            case Event.ToolCompleted e -> addWork(handle, key, e.duration(), now);
            case Event.TurnCompleted e -> addWork(handle, key, e.unanswered(), now);
            case Event.SessionCreated _,
                    Event.UserMessage _,
                    Event.TurnStarted _,
                    Event.ModelStarted _,
                    Event.ApprovalRequested _,
                    Event.ApprovalDecided _,
                    Event.ToolStarted _,
                    Event.TurnNudged _,
                    Event.SnapshotTaken _,
                    Event.SnapshotFailed _,
                    Event.SessionForked _,
                    Event.SessionRewound _ -> {}
        }
    }

    private static void addWork(Handle handle, SessionKey key, Duration work, Instant now) {
        if (work.toMillis() > 0) {
            add(handle, key, Usage.NONE, 0, work, now);
        }
    }

    private static void add(
            Handle handle, SessionKey key, Usage usage, int steps, Duration work, Instant now) {
        Update session =
                handle.createUpdate(
                                """
                                update sessions set
                                    input_tokens = input_tokens + :input,
                                    output_tokens = output_tokens + :output,
                                    cache_read_tokens = cache_read_tokens + :cacheRead,
                                    cache_write_tokens = cache_write_tokens + :cacheWrite,
                                    reasoning_tokens = reasoning_tokens + :reasoning,
                                    steps = steps + :steps,
                                    work_millis = work_millis + :work,
                                    cost_pico_usd = case when cost_pico_usd + :cost > :max then :max
                                        else cost_pico_usd + :cost end,
                                    unpriced_answers = unpriced_answers + :unpriced
                                where id = :session
                                """)
                        .bind("session", key.id().value())
                        .bind("input", usage.inputTokens())
                        .bind("output", usage.outputTokens())
                        .bind("cacheRead", usage.cacheReadTokens())
                        .bind("cacheWrite", usage.cacheWriteTokens())
                        .bind("reasoning", usage.reasoningTokens())
                        .bind("unpriced", usage.cost().isEmpty() ? 1 : 0);
        var spent = new Spent(usage.cost().orElse(Cost.ZERO), usage.totalTokens(), work, steps);
        bind(session, spent).execute();
        addDay(handle, key, Scope.PROJECT, "", now, spent);
        user(handle, key.id()).ifPresent(user -> addDay(handle, key, Scope.USER, user, now, spent));
    }

    private static Update bind(Update update, Spent spent) {
        return update.bind("steps", spent.steps())
                .bind("work", spent.work().toMillis())
                .bind("cost", spent.cost().picoUsd())
                .bind("max", Cost.MAX.picoUsd());
    }

    private static void addDay(
            Handle handle, SessionKey key, Scope scope, String subject, Instant now, Spent spent) {
        Update day =
                handle.createUpdate(
                                """
                                insert into spending_days (project, scope, subject, day,
                                    steps, tokens, cost_pico_usd, work_millis)
                                values (:project, :scope, :subject, :day,
                                    :steps, :tokens, :cost, :work)
                                on conflict (project, scope, subject, day) do update set
                                    steps = spending_days.steps + :steps,
                                    tokens = spending_days.tokens + :tokens,
                                    cost_pico_usd =
                                        case when spending_days.cost_pico_usd + :cost > :max then :max
                                        else spending_days.cost_pico_usd + :cost end,
                                    work_millis = spending_days.work_millis + :work
                                """)
                        .bind("project", key.project().value())
                        .bind("scope", scope.wireName())
                        .bind("subject", subject)
                        .bind("day", day(now))
                        .bind("tokens", spent.tokens());
        bind(day, spent).execute();
    }

    /// Removes the sums of days long ago.
    static int forget(Handle handle, Instant now) {
        return handle.createUpdate("delete from spending_days where day < :day")
                .bind("day", day(now) - DAYS_KEPT)
                .execute();
    }

    /// The operator's budgets that a session is subject to, as they stand.
    static List<BudgetState> states(Handle handle, SessionKey key, Budgets budgets, Instant now) {
        List<BudgetState> states = new ArrayList<>();
        if (!budgets.session().equals(Budget.NONE)) {
            states.add(new BudgetState(Scope.SESSION, budgets.session(), ofSession(handle, key)));
        }
        if (!budgets.user().equals(Budget.NONE)) {
            user(handle, key.id())
                    .map(user -> ofDay(handle, key, Scope.USER, user, now))
                    .map(spent -> new BudgetState(Scope.USER, budgets.user(), spent))
                    .ifPresent(states::add);
        }
        if (!budgets.project().equals(Budget.NONE)) {
            Spent spent = ofDay(handle, key, Scope.PROJECT, "", now);
            states.add(new BudgetState(Scope.PROJECT, budgets.project(), spent));
        }
        return states;
    }

    /// Fails with `BUDGET_EXCEEDED` when nothing is left for another turn.
    static void requireRoom(Handle handle, SessionKey key, Budgets budgets, Instant now) {
        for (BudgetState state : states(handle, key, budgets, now)) {
            state.reached()
                    .ifPresent(reached -> {
                        throw new CarrelException(
                                ErrorCode.BUDGET_EXCEEDED, BudgetState.text(reached));
                    });
        }
    }

    private static Spent ofSession(Handle handle, SessionKey key) {
        return handle.createQuery(
                        """
                        select steps, input_tokens + output_tokens as tokens, cost_pico_usd,
                            work_millis
                        from sessions where id = :id
                        """)
                .bind("id", key.id().value())
                .map((row, context) -> spent(row))
                .findOne()
                .orElse(Spent.NOTHING);
    }

    private static Spent ofDay(
            Handle handle, SessionKey key, Scope scope, String subject, Instant now) {
        return handle.createQuery(
                        """
                        select steps, tokens, cost_pico_usd, work_millis from spending_days
                        where project = :project and scope = :scope and subject = :subject
                            and day = :day
                        """)
                .bind("project", key.project().value())
                .bind("scope", scope.wireName())
                .bind("subject", subject)
                .bind("day", day(now))
                .map((row, context) -> spent(row))
                .findOne()
                .orElse(Spent.NOTHING);
    }

    private static Spent spent(ResultSet row) throws SQLException {
        return new Spent(
                new Cost(row.getLong("cost_pico_usd")),
                row.getLong("tokens"),
                Duration.ofMillis(row.getLong("work_millis")),
                row.getLong("steps"));
    }

    /// The end user whom the session is for stands in its first entry.
    private static Optional<String> user(Handle handle, SessionId session) {
        return handle.createQuery("select body from events where session = :session and seq = 1")
                .bind("session", session.value())
                .mapTo(String.class)
                .findOne()
                .map(body -> EventJson.parse(EventBody.SESSION_CREATED, body))
                .flatMap(event -> ((Event.SessionCreated) event).user());
    }

    private static long day(Instant now) {
        return LocalDate.ofInstant(now, ZoneOffset.UTC).toEpochDay();
    }
}
