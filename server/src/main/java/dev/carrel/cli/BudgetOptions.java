package dev.carrel.cli;

import dev.carrel.wire.BudgetLimits;
import dev.carrel.wire.MessageRequest;
import java.math.BigDecimal;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Limits on what one turn may spend, below those of its agent.
final class BudgetOptions {
    @Option(names = "--max-usd", description = "Stop the turn when it has cost so many dollars.")
    private Optional<BigDecimal> usd = Optional.empty();

    @Option(names = "--max-tokens", description = "Stop the turn when it has taken so many tokens.")
    private Optional<Long> tokens = Optional.empty();

    @Option(
            names = "--max-minutes",
            description = "Stop the turn when model and tools have worked for so many minutes.")
    private Optional<BigDecimal> minutes = Optional.empty();

    @Option(names = "--max-steps", description = "Stop the turn after so many model calls.")
    private Optional<Integer> steps = Optional.empty();

    MessageRequest message(String content) {
        var message = MessageRequest.of(content);
        boolean none = usd.isEmpty() && tokens.isEmpty() && minutes.isEmpty() && steps.isEmpty();
        return none ? message : message.within(new BudgetLimits(usd, tokens, minutes, steps));
    }
}
