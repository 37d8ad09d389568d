package dev.carrel.sandbox;

/// A sandbox that runs and belongs to nobody yet: nothing was ever done in it. `spec` is how it was
/// made.
record WarmSandbox(SandboxId id, SandboxSpec spec, RunningSandbox running) {
    /// What all that are alike have in common; the rest can be changed when one is taken.
    record Kind(String image, Isolation isolation) {
        static Kind of(SandboxSpec spec) {
            return new Kind(spec.image(), spec.isolation());
        }

        /// What one takes of the host's memory before anything runs in it, rounded up.
        int memoryMib() {
            return switch (isolation) {
                case CONTAINER -> 2;
                case GVISOR -> 48;
                case MICROVM -> 256;
            };
        }

        SandboxSpec spec() {
            return SandboxSpec.defaults().with(image, isolation);
        }
    }

    Kind kind() {
        return Kind.of(spec);
    }
}
