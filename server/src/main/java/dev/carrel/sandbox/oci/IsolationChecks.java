package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.oci.HostChecks.Check;
import dev.carrel.sandbox.oci.HostChecks.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Which isolation levels this host has, and why not the others.
final class IsolationChecks {
    private static final Path KVM = Path.of("/dev/kvm");

    private IsolationChecks() {}

    /// One for each level, the weakest first. A level that is missing is nothing bad, unless it is
    /// `min`, the least that sandboxes may have.
    static List<Check> of(Isolation min) {
        return Arrays.stream(Isolation.values()).map(level -> check(level, min)).toList();
    }

    private static Check check(Isolation level, Isolation min) {
        String name = "level " + level.wireName();
        Optional<String> lacks = lacks(level);
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
    static Optional<String> lacks(Isolation level) {
        return switch (level) {
            case CONTAINER ->
                    HostCommand.find("crun").isPresent()
                            ? Optional.empty()
                            : Optional.of("crun is not installed; apt-get install crun");
            case GVISOR -> RunscVersion.lacks();
            case MICROVM -> Optional.of(microvm(Files.exists(KVM)));
        };
    }

    private static String microvm(boolean kvm) {
        return (kvm
                        ? "this version cannot start virtual machines"
                        : "this host has no KVM (/dev/kvm), and this version starts no virtual"
                                + " machines yet")
                + "; use gvisor, or a machine for each tenant";
    }
}
