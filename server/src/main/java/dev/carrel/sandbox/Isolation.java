package dev.carrel.sandbox;

import java.util.Locale;
import java.util.Optional;

/// What stands between a sandbox and the host, the weakest first.
public enum Isolation {
    /// User namespace, seccomp filter and control groups on the host's kernel.
    CONTAINER,
    /// A kernel of its own in user space (gVisor): the host's sees few and simple calls.
    GVISOR,
    /// A kernel of its own on virtual hardware (Kata Containers on KVM).
    MICROVM;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The level of this name, in lower case as in the API.
    public static Optional<Isolation> of(String wireName) {
        for (Isolation level : values()) {
            if (level.wireName().equals(wireName)) {
                return Optional.of(level);
            }
        }
        return Optional.empty();
    }

    public boolean isWeakerThan(Isolation other) {
        return compareTo(other) < 0;
    }
}
