package dev.carrel.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The names of tools as every provider takes them, `[a-zA-Z0-9_-]{1,64}`, and the way back.
final class ToolNames {
    private static final int LENGTH_MAX = 64;

    private final Map<String, String> outward = new HashMap<>();
    private final Map<String, String> inward = new HashMap<>();

    ToolNames(List<ToolSpec> tools) {
        // Names that need no change keep theirs, whatever the order.
        for (ToolSpec tool : tools) {
            if (valid(tool.name()).equals(tool.name())) {
                add(tool.name(), tool.name());
            }
        }
        for (ToolSpec tool : tools) {
            if (!outward.containsKey(tool.name())) {
                add(tool.name(), unused(valid(tool.name())));
            }
        }
    }

    /// For the provider; also for tools that are not offered now and were called before.
    String toProvider(String name) {
        return outward.getOrDefault(name, valid(name));
    }

    /// From the provider; a name that the model invented stays as it is.
    String fromProvider(String name) {
        return inward.getOrDefault(name, name);
    }

    private void add(String name, String providers) {
        outward.put(name, providers);
        inward.put(providers, name);
    }

    private String unused(String name) {
        String candidate = name;
        for (int n = 2; inward.containsKey(candidate); n++) {
            String suffix = "_" + n;
            int kept = Math.min(name.length(), LENGTH_MAX - suffix.length());
            candidate = name.substring(0, kept) + suffix;
        }
        return candidate;
    }

    private static String valid(String name) {
        String plain = name.isEmpty() ? "unnamed" : name.replaceAll("[^a-zA-Z0-9_-]", "_");
        return plain.length() <= LENGTH_MAX ? plain : plain.substring(0, LENGTH_MAX);
    }
}
