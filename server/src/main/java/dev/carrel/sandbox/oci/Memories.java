package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.SavedMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The saved memory of stopped sandboxes. It is used once: before anything goes on, it is moved to
/// where nobody takes it for saved, so that no two sandboxes ever go on from the same moment. It is
/// only there as long as the disk is as its processes left it: whatever else starts from that disk
/// or replaces it throws the memory away.
record Memories(Host host) {
    private static final Logger LOG = LoggerFactory.getLogger(Memories.class);

    /// In the folder: what has to be the same when it is used.
    private static final String MADE_WITH = "made-with";

    /// What an image has beside the pages: the kernel's own state and the facts.
    private static final int OVERHEAD_MIB = 128;

    private static final int REASON_CHARACTERS_MAX = 1000;

    boolean are(SandboxFolder folder) {
        return host.disks().memories().isWhole(folder.id());
    }

    SavedMemory of(SandboxFolder folder) throws IOException {
        if (are(folder)) {
            return SavedMemory.SAVED;
        }
        return Files.exists(folder.memoryLost())
                ? SavedMemory.lost(Files.readString(folder.memoryLost()))
                : SavedMemory.NONE;
    }

    /// Saves what runs and ends it; or says why that cannot be done. What has been begun is left to
    /// whoever looks for the sandbox next, also when this fails or the server dies.
    Optional<String> save(SandboxFolder folder, SandboxSpec spec, Connections connections)
            throws IOException {
        Files.deleteIfExists(folder.memoryLost());
        Optional<String> why = tryToSave(folder, spec, connections);
        if (why.isPresent()) {
            return Optional.of(lost(folder, why.get()));
        }
        host.launch().kill(folder);
        host.launch().clear(folder);
        return Optional.empty();
    }

    private Optional<String> tryToSave(
            SandboxFolder folder, SandboxSpec spec, Connections connections) throws IOException {
        int mib = spec.resources().memoryMib();
        try {
            return connections.apart(
                    folder.id(),
                    running -> write(folder, running, mib),
                    Optional.of("it has ended"));
        } catch (CarrelException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        } catch (HostCommand.TimedOut e) {
            long limit = MemoryTime.limit(mib).toSeconds();
            return Optional.of("it has not been written within " + limit + " s");
        }
    }

    private Optional<String> write(SandboxFolder folder, Attached running, int mib)
            throws IOException {
        running.goOn();
        Path half = host.disks().memories().begin(folder.id(), mib + OVERHEAD_MIB);
        Files.writeString(half.resolve(MADE_WITH), madeWith(folder));
        Path whole = host.disks().memories().whole(folder.id());
        return host.engines().of(folder).saveMemory(folder, mib, half, whole);
    }

    void drop(SandboxFolder folder, String why) throws IOException {
        lost(folder, why);
        host.disks().memories().delete(folder.id());
    }

    /// Clears away what was begun or taken of a sandbox that has ended meanwhile.
    void clear(SandboxFolder folder) throws IOException {
        MemoryFolders memories = host.disks().memories();
        boolean begun = memories.isBegun(folder.id());
        boolean givenUp = memories.giveUp(folder.id());
        if (givenUp && !memories.isWhole(folder.id())) {
            if (begun) {
                lost(folder, "it ended while its memory was saved");
            }
            memories.delete(folder.id());
        }
    }

    /// Starts pid 1, with what is saved if that is of any use; then it is gone.
    int up(SandboxFolder folder, SandboxSpec spec) throws IOException {
        try {
            Optional<Path> memory = take(folder);
            if (memory.isPresent()) {
                Optional<Integer> process = goOn(folder, spec, memory.get());
                if (process.isPresent()) {
                    return process.get();
                }
            }
            return host.launch().up(folder, spec, Optional.empty());
        } finally {
            host.disks().memories().delete(folder.id());
        }
    }

    private Optional<Path> take(SandboxFolder folder) throws IOException {
        if (!are(folder)) {
            return Optional.empty();
        }
        lost(folder, "the server ended while its memory was read");
        Path memory = host.disks().memories().take(folder.id()).orElseThrow();
        Path note = memory.resolve(MADE_WITH);
        // A server that died may have deleted half of it.
        if (!Files.exists(note) || !Files.readString(note).equals(madeWith(folder))) {
            lost(folder, "its network or gVisor's version is not the same as when it was saved");
            return Optional.empty();
        }
        return Optional.of(memory);
    }

    private Optional<Integer> goOn(SandboxFolder folder, SandboxSpec spec, Path memory)
            throws IOException {
        try {
            int process = host.launch().up(folder, spec, Optional.of(memory));
            Files.deleteIfExists(folder.memoryLost());
            return Optional.of(process);
        } catch (IOException e) {
            LOG.warn("sandbox {} starts without its memory", folder.id(), e);
            lost(folder, "it could not be read; the server's log says why");
            host.launch().kill(folder);
            host.launch().clear(folder);
            return Optional.empty();
        }
    }

    // Addresses are in the saved memory, and other versions of gVisor read it differently.
    private String madeWith(SandboxFolder folder) throws IOException {
        String version = HostCommand.of("runsc", "--version").run().orFail().out();
        return host.uplinks().place(folder) + "\n" + version;
    }

    private static String lost(SandboxFolder folder, String why) throws IOException {
        String kept = why.substring(0, Math.min(why.length(), REASON_CHARACTERS_MAX));
        Files.writeString(folder.memoryLost(), kept);
        return kept;
    }
}
