package dev.carrel.sandbox.oci;

/// Whether and how an execution has ended.
sealed interface Ending {
    record Running() implements Ending {}

    record Exited(ExitRecord record, boolean outOfMemory) implements Ending {}

    /// The sandbox ended first, so nobody saw it end.
    record Lost(boolean outOfMemory) implements Ending {}
}
