package dev.carrel.sandbox;

import java.util.List;

/// What a copy or a move took along: how many entries, and the paths of some that it left out
/// because they are no files: sockets, FIFOs and devices.
public record CopyResult(long entries, List<String> skipped) {
    /// More are left out without being named.
    public static final int SKIPPED_MAX = 20;

    public CopyResult {
        skipped = List.copyOf(skipped);
    }
}
