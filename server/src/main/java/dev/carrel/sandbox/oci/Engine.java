package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;

/// A program that makes sandboxes of one isolation level out of bundles. Nothing but the start is
/// asked of it: commands go to pid 1, and the end is a matter of control groups.
interface Engine {
    Isolation isolation();

    /// What this host lacks for it and what to do, for people; empty when it can be used.
    Optional<String> lacks();

    /// Starts pid 1 of a sandbox; returns its process id on the host. Call it where the root file
    /// system is mounted.
    int run(SandboxFolder folder, OciConfig config) throws IOException;

    /// Removes what it remembers of a sandbox that does not run any more.
    void forget(SandboxId id) throws IOException;

    /// The sandboxes that it remembers.
    Set<SandboxId> remembered() throws IOException;
}
