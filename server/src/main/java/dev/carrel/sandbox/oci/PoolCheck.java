package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.oci.HostChecks.Check;
import dev.carrel.sandbox.oci.HostChecks.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/// Whether the disk below has what the pool of the sandboxes' disks promises. The pool is a sparse
/// file: its size is a promise, and others may fill the disk meanwhile.
final class PoolCheck {
    private static final String NAME = "pool";

    /// Of the counts that `stat` shows.
    private static final int BLOCK_BYTES = 512;

    private PoolCheck() {}

    /// `existing` is a folder on the disk that the home is on, or will be.
    static Check of(OciSettings settings, Path existing) {
        Path file = PoolFile.in(settings.home(), settings.poolMib()).file();
        try {
            long free = Files.getFileStore(existing).getUsableSpace();
            if (!Files.exists(file)) {
                return settings.poolMib().isPresent()
                        ? of(settings.poolMib().getAsLong() << 20, 0, free)
                        : new Check(NAME, Outcome.OK, "is made within what is free", "");
            }
            OptionalLong wanted = settings.poolMib();
            long promised = Math.max(Files.size(file), wanted.orElse(0) << 20);
            return of(promised, held(file), free);
        } catch (IOException e) {
            return new Check(NAME, Outcome.WARN, "cannot be measured", "look at " + file);
        }
    }

    private static long held(Path file) throws IOException {
        String blocks = HostCommand.of("stat", "--format=%b", file.toString()).run().orFail().out();
        return Long.parseLong(blocks.strip()) * BLOCK_BYTES;
    }

    static Check of(long promised, long held, long free) {
        long missing = promised - held - free;
        String found =
                "promises %d MiB, holds %d, and its disk has %d more"
                        .formatted(promised >> 20, held >> 20, free >> 20);
        return missing <= 0
                ? new Check(NAME, Outcome.OK, found, "")
                : new Check(
                        NAME,
                        Outcome.WARN,
                        found + ": sandboxes see a full disk before their limits are reached",
                        "free %d MiB, or promise less (disk.pool_mb, before the pool is made)"
                                .formatted((missing >> 20) + 1));
    }
}
