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
        return Files.isDirectory(host.disks().memory(folder.id()));
    }

    SavedMemory of(SandboxFolder folder) throws IOException {
        if (are(folder)) {
            return SavedMemory.SAVED;
        }
        return Files.exists(folder.memoryLost())
                ? SavedMemory.lost(Files.readString(folder.memoryLost()))
                : SavedMemory.NONE;
    }

    /// Saves what runs and ends it; or says why that cannot be done.
    Optional<String> save(SandboxFolder folder, SandboxSpec spec, Connections connections)
            throws IOException {
        try {
            if (!connections.apart(folder.id(), running -> save(folder, spec, running))) {
                return lost(folder, "it has ended");
            }
        } catch (IOException | CarrelException e) {
            LOG.info("sandbox {} cannot be saved", folder.id(), e);
            host.disks().deleteMemory(folder.id());
            return lost(folder, String.valueOf(e.getMessage()));
        }
        Files.deleteIfExists(folder.memoryLost());
        host.launch().kill(folder);
        host.launch().clear(folder);
        return Optional.empty();
    }

    private void save(SandboxFolder folder, SandboxSpec spec, Attached running) throws IOException {
        running.goOn();
        int mib = spec.resources().memoryMib() + OVERHEAD_MIB;
        Path half = host.disks().makeMemory(folder.id(), mib);
        Files.writeString(half.resolve(MADE_WITH), madeWith(folder));
        host.engines().of(folder).saveMemory(folder, half, host.disks().memory(folder.id()));
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
            host.disks().deleteMemory(folder.id());
        }
    }

    private Optional<Path> take(SandboxFolder folder) throws IOException {
        if (!are(folder)) {
            return Optional.empty();
        }
        lost(folder, "the server ended while its memory was read");
        Path memory = host.disks().takeMemory(folder.id()).orElseThrow();
        if (!Files.readString(memory.resolve(MADE_WITH)).equals(madeWith(folder))) {
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
            lost(folder, "it could not be read: " + e.getMessage());
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

    private static Optional<String> lost(SandboxFolder folder, String why) throws IOException {
        String kept = why.substring(0, Math.min(why.length(), REASON_CHARACTERS_MAX));
        Files.writeString(folder.memoryLost(), kept);
        return Optional.of(kept);
    }
}
