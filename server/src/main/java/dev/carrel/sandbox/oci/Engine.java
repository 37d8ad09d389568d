package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/// A program that makes sandboxes of one isolation level out of bundles. Little but the start is
/// asked of it: commands go to pid 1, and the end is a matter of control groups.
interface Engine extends AutoCloseable {
    Isolation isolation();

    /// What the control groups of a sandbox with these limits are to enforce.
    Resources onHost(Resources inside);

    /// Whether a sandbox uses a link that comes while it runs.
    boolean takesLinksLater();

    /// Starts pid 1 of a sandbox; returns the process on the host that ends when the sandbox does.
    /// Call it in the mount space, with the root file system mounted. `link` is for engines that
    /// need it before anything of the sandbox runs.
    int run(SandboxFolder folder, OciConfig config, Link link) throws IOException;

    /// Tells a sandbox that runs of its new limits, which the control groups have by now.
    default void resize(SandboxFolder folder, int process, Resources inside) throws IOException {}

    /// Whether it can save the memory of a sandbox, and go on with it.
    default boolean savesMemory() {
        return false;
    }

    /// Saves the memory of a sandbox that runs, with a limit of `mib`, into the folder `half`, and
    /// moves that to `whole` when it is there for good; the sandbox is held then, and is to be
    /// killed. Or says why that cannot be done; then it runs, if it has not ended by itself. It
    /// comes to the one or the other also when this fails or this process dies; a change of the
    /// name of `half` keeps it from the first. Nobody may hold a connection to its pid 1.
    default Optional<String> saveMemory(SandboxFolder folder, int mib, Path half, Path whole)
            throws IOException {
        throw new IOException("isolation " + isolation().wireName() + " does not save memory");
    }

    /// Lets a sandbox go on whose saving has broken off, and waits for what saves it; does nothing
    /// when it runs. Fails with `UNAVAILABLE` when that takes too long.
    default void goOn(SandboxFolder folder) throws IOException {}

    /// As [#run], but everything goes on as it was when its memory was saved into `memory`.
    default int runSaved(SandboxFolder folder, OciConfig config, Link link, Path memory)
            throws IOException {
        throw new IOException("isolation " + isolation().wireName() + " does not save memory");
    }

    /// What is left to do for a sandbox that has just been run, and needs no mounts.
    void complete(int process, Link link) throws IOException;

    /// Where the host sees the sandbox's files.
    Path files(SandboxFolder folder, int process) throws IOException;

    /// How the server comes to speak with pid 1, which is there already.
    InitDoor door(SandboxFolder folder, int process) throws IOException;

    Ports ports(SandboxFolder folder, int process) throws IOException;

    /// Removes what it remembers of a sandbox that does not run any more.
    void forget(SandboxId id) throws IOException;

    /// The sandboxes that it remembers.
    Set<SandboxId> remembered() throws IOException;

    /// Lets go of what this process holds for it.
    @Override
    default void close() {}

    /// Links the network namespace of a process to the bridge, if the sandbox has a network.
    /// `files` is where the host sees the sandbox's files.
    @FunctionalInterface
    interface Link {
        void attach(int process, Path files) throws IOException;
    }
}
