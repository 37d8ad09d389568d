package dev.carrel.wire;

import java.util.List;

/// What a server says of itself and of the caller's project. Counts stop at the limit of one list.
public record StatusInfo(
        String version,
        long uptimeSeconds,
        String project,
        int sandboxes,
        int sessions,
        int agents,
        List<ProviderInfo> providers) {
    public StatusInfo {
        providers = List.copyOf(providers);
    }
}
