package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Changes the limits of a sandbox that runs, in its control groups, to what [OciConfig] would have
/// given it. Does nothing for one that does not run.
record LiveLimits(ControlGroups groups) {
    private static final String MEMORY = "memory.limit_in_bytes";
    private static final String MEMORY_AND_SWAP = "memory.memsw.limit_in_bytes";

    void set(SandboxId id, Resources resources) throws IOException {
        long bytes = (long) resources.memoryMib() << 20;
        long quota = Math.round(resources.cpus() * OciConfig.PERIOD_MICROS);
        switch (groups.layout()) {
            case UNIFIED -> {
                shrinkOrFail(id, bytes);
                write(id, "memory.max", bytes);
                write(id, "cpu.max", quota + " " + OciConfig.PERIOD_MICROS);
                write(id, "cpu.weight", weight(OciConfig.shares(resources)));
            }
            case SEPARATE -> {
                setMemory(id, bytes);
                write(id, "cpu.cfs_quota_us", quota);
                write(id, "cpu.shares", OciConfig.shares(resources));
            }
        }
        write(id, "pids.max", resources.processesMax());
    }

    // v2 would rather kill than refuse a limit below what is in use; what it can write back or drop
    // is not in use.
    private void shrinkOrFail(SandboxId id, long bytes) throws IOException {
        Optional<Path> stat = groups.file(id, "memory.stat");
        if (stat.isPresent()) {
            long used =
                    Files.readString(stat.get())
                            .lines()
                            .map(line -> line.split(" ", 2))
                            .filter(pair -> pair[0].matches("anon|kernel|shmem|sock"))
                            .mapToLong(pair -> Long.parseLong(pair[1]))
                            .sum();
            if (used > bytes) {
                throw inUse(id, bytes);
            }
        }
    }

    // Memory alone may never have the higher limit, so the order follows the direction. v1 refuses
    // a limit below what is in use.
    private void setMemory(SandboxId id, long bytes) throws IOException {
        Optional<Path> memory = groups.file(id, MEMORY);
        if (memory.isEmpty()) {
            return;
        }
        boolean grows = Long.parseLong(Files.readString(memory.get()).strip()) < bytes;
        try {
            write(id, grows ? MEMORY_AND_SWAP : MEMORY, bytes);
            write(id, grows ? MEMORY : MEMORY_AND_SWAP, bytes);
        } catch (IOException e) {
            if (grows) {
                throw e;
            }
            throw inUse(id, bytes);
        }
    }

    private static CarrelException inUse(SandboxId id, long bytes) {
        return CarrelException.ofParam(
                ErrorCode.CONFLICT,
                "resources.memory_mb",
                "sandbox %s uses more than %d MiB of memory now; end some of its processes first"
                        .formatted(id, bytes >> 20));
    }

    /// As crun turns the shares of v1 into a weight of v2.
    private static long weight(long shares) {
        return 1 + (shares - 2) * 9999 / 262_142;
    }

    private void write(SandboxId id, String name, Object value) throws IOException {
        Optional<Path> file = groups.file(id, name);
        if (file.isPresent()) {
            Files.writeString(file.get(), String.valueOf(value));
        }
    }
}
