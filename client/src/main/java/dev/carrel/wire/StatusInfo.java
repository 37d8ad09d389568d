package dev.carrel.wire;

/// What a server says of itself and of the caller's project. Counts stop at the limit of one list.
public record StatusInfo(
        String version,
        long uptimeSeconds,
        String project,
        int sandboxes,
        int sessions,
        int agents) {}
