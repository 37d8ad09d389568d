package dev.carrel.sandbox;

import dev.carrel.store.Ids;

/// Names one sandbox, for ever. Safe as a file, host and control group name.
public record SandboxId(String value) {
    public SandboxId {
        if (!Ids.isId("sbx", value)) {
            throw new IllegalArgumentException("not a sandbox id");
        }
    }

    public static SandboxId next() {
        return new SandboxId(Ids.next("sbx"));
    }

    @Override
    public String toString() {
        return value;
    }
}
