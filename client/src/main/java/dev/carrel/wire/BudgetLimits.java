package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.util.Optional;

/// How much a turn may spend: it lowers what its agent may, and never raises it. `minutes` are
/// those in which models and tools work, `steps` are model calls.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record BudgetLimits(
        Optional<BigDecimal> usd,
        Optional<Long> tokens,
        Optional<BigDecimal> minutes,
        Optional<Integer> steps) {}
