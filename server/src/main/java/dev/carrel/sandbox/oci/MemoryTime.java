package dev.carrel.sandbox.oci;

import java.time.Duration;

/// How long memory may take to be written to disk or read from there: more where there may be more
/// of it. Others who want the sandbox wait no longer than they always do, and are told so.
final class MemoryTime {
    /// Where nothing but its size slows a disk down, it is a fraction of this.
    private static final Duration BASE = Duration.ofSeconds(45);

    private static final int DISK_MIB_PER_SECOND_MIN = 16;

    /// Less than a call in the mount space may take.
    private static final Duration MAX = Duration.ofMinutes(4);

    private MemoryTime() {}

    static Duration limit(int memoryMib) {
        Duration limit = BASE.plusSeconds(memoryMib / DISK_MIB_PER_SECOND_MIN);
        return limit.compareTo(MAX) < 0 ? limit : MAX;
    }
}
