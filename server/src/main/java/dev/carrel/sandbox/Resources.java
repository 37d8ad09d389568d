package dev.carrel.sandbox;

/// Limits of one sandbox. Reaching one is felt inside only: throttled, killed by memory, `EAGAIN`,
/// `ENOSPC`.
public record Resources(double cpus, int memoryMib, int diskMib, int processesMax) {
    public static final int MEMORY_MIB_MAX = 1 << 20;
    public static final int PROCESSES_MAX = 32_768;

    public static final Resources DEFAULT = new Resources(2, 2048, 10_240, 512);

    public Resources {
        require(cpus >= 0.05 && cpus <= 256, "cpus must be from 0.05 to 256");
        require(
                memoryMib >= 32 && memoryMib <= MEMORY_MIB_MAX,
                "memory_mb must be from 32 to 1048576");
        require(diskMib >= 16 && diskMib <= 1 << 24, "disk_mb must be from 16 to 16777216");
        require(
                processesMax >= 8 && processesMax <= PROCESSES_MAX,
                "processes must be from 8 to 32768");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
