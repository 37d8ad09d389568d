package dev.carrel.session;

import static dev.carrel.session.EventBody.duration;
import static dev.carrel.session.EventBody.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.Budget;
import dev.carrel.agent.Event;
import dev.carrel.agent.LoopPattern;
import dev.carrel.model.Cost;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.Optional;

/// The fields of what keeps a turn within its means: see [EventJson].
final class GuardJson {
    static final String MODEL_FAILED = "model.failed";
    static final String MODEL_LOST = "model.lost";
    static final String TURN_NUDGED = "turn.nudged";

    private GuardJson() {}

    static void write(Event.ModelFailed event, ObjectNode body) {
        body.put("step", event.step()).put("model", event.model());
        write(event.error(), body);
        body.put("duration_ms", event.duration().toMillis());
    }

    static Event modelFailed(JsonNode body) {
        return new Event.ModelFailed(
                body.path("step").asInt(),
                text(body, "model"),
                error(body).orElse(new Event.TurnError("", "")),
                duration(body));
    }

    static void write(Event.ModelLost event, ObjectNode body) {
        body.put("step", event.step()).put("model", event.model());
        body.set("usage", EventJson.of(event.usage()));
        body.put("estimated", event.estimated());
        body.put("duration_ms", event.duration().toMillis());
    }

    static Event modelLost(JsonNode body) {
        return new Event.ModelLost(
                body.path("step").asInt(),
                text(body, "model"),
                EventBody.usage(body),
                body.path("estimated").asBoolean(),
                duration(body));
    }

    static void write(Event.TurnNudged event, ObjectNode body) {
        body.put("pattern", event.pattern().wireName()).put("text", event.text());
    }

    static Event turnNudged(JsonNode body) {
        return new Event.TurnNudged(
                LoopPattern.valueOf(text(body, "pattern").toUpperCase(Locale.ROOT)),
                text(body, "text"));
    }

    static void write(Event.TurnError error, ObjectNode body) {
        ObjectNode json = body.putObject("error");
        json.put("code", error.code()).put("message", error.message());
        error.budget()
                .ifPresent(reached ->
                        json.putObject("budget")
                                .put("scope", reached.scope())
                                .put("unit", reached.unit())
                                .put("limit", reached.limit())
                                .put("used", reached.used()));
    }

    static Optional<Event.TurnError> error(JsonNode body) {
        JsonNode error = body.path("error");
        return error.isObject()
                ? Optional.of(
                        new Event.TurnError(
                                text(error, "code"), text(error, "message"), reached(error)))
                : Optional.empty();
    }

    private static Optional<Event.BudgetReached> reached(JsonNode error) {
        JsonNode budget = error.path("budget");
        return budget.isObject()
                ? Optional.of(
                        new Event.BudgetReached(
                                text(budget, "scope"),
                                text(budget, "unit"),
                                budget.path("limit").decimalValue(),
                                budget.path("used").decimalValue()))
                : Optional.empty();
    }

    /// Nothing is written where nothing is limited.
    static void write(Budget budget, ObjectNode body) {
        if (budget.equals(Budget.NONE)) {
            return;
        }
        ObjectNode json = body.putObject("budget");
        budget.usd().ifPresent(usd -> json.put("usd", usd));
        budget.tokens().ifPresent(tokens -> json.put("tokens", tokens));
        budget.minutes().ifPresent(minutes -> json.put("minutes", minutes));
        budget.steps().ifPresent(steps -> json.put("steps", steps));
    }

    static Budget budget(JsonNode body) {
        JsonNode budget = body.path("budget");
        return Budget.of(
                number(budget, "usd"),
                number(budget, "tokens").map(BigDecimal::longValue),
                number(budget, "minutes"),
                number(budget, "steps").map(BigDecimal::intValue));
    }

    /// Left out where it is not known.
    static void write(Optional<Cost> cost, ObjectNode usage) {
        cost.ifPresent(known -> usage.put("cost_usd", known.usd()));
    }

    static Optional<Cost> cost(JsonNode usage) {
        return number(usage, "cost_usd").map(Cost::ofUsd);
    }

    private static Optional<BigDecimal> number(JsonNode json, String field) {
        return json.path(field).isNumber()
                ? Optional.of(json.path(field).decimalValue())
                : Optional.empty();
    }
}
