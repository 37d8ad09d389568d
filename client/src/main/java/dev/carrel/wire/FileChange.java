package dev.carrel.wire;

import java.util.List;

/// What an operation has left at its place. `entries` counts what was moved or copied one by one;
/// `skipped` names some of what a copy cannot take along: sockets, FIFOs, devices and mounts.
public record FileChange(FileInfo file, long entries, List<String> skipped) {
    public FileChange {
        skipped = List.copyOf(skipped);
    }
}
