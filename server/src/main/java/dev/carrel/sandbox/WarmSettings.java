package dev.carrel.sandbox;

/// How many started sandboxes of each kind wait for somebody to take them, and what all of them may
/// take of the host's memory.
public record WarmSettings(int size, int memoryMib) {
    public static final WarmSettings DEFAULT = new WarmSettings(2, 128);
    public static final WarmSettings NONE = new WarmSettings(0, 0);
    public static final int SIZE_MAX = 64;

    public WarmSettings {
        if (size < 0 || size > SIZE_MAX || memoryMib < 0) {
            throw new IllegalArgumentException("a pool has 0 to " + SIZE_MAX + " sandboxes");
        }
    }
}
