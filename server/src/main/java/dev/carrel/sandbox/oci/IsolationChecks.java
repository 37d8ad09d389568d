package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.oci.HostChecks.Check;
import dev.carrel.sandbox.oci.HostChecks.Outcome;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Which isolation levels this host has, and why not the others.
final class IsolationChecks {
    private IsolationChecks() {}

    /// One for each level, the weakest first. A level that is missing is nothing bad, unless it is
    /// `min`, the least that sandboxes may have. `shim` is the program for `microvm`.
    static List<Check> of(Isolation min, String shim) {
        return Arrays.stream(Isolation.values()).map(level -> check(level, min, shim)).toList();
    }

    private static Check check(Isolation level, Isolation min, String shim) {
        String name = "level " + level.wireName();
        Optional<String> lacks = lacks(level, shim);
        if (level.isWeakerThan(min)) {
            String why = "refused: sandboxes.isolation_min is " + min.wireName();
            return new Check(name, Outcome.INFO, why, "");
        }
        if (lacks.isEmpty()) {
            return new Check(name, Outcome.OK, "can be used", "");
        }
        String[] parts = lacks.get().split("; ", 2);
        Outcome outcome = level == min ? Outcome.FAIL : Outcome.INFO;
        return new Check(name, outcome, parts[0], parts.length > 1 ? parts[1] : "");
    }

    /// What is missing for a level, then `; ` and what to do; empty when it can be used.
    static Optional<String> lacks(Isolation level, String shim) {
        return switch (level) {
            case CONTAINER ->
                    HostCommand.find("crun").isPresent()
                            ? Optional.empty()
                            : Optional.of("crun is not installed; apt-get install crun");
            case GVISOR -> RunscVersion.lacks();
            case MICROVM -> KataInstall.lacks(shim);
        };
    }
}
