package dev.carrel.image;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Where an entry of a layer belongs: its components, from the root. Empty for the root itself.
record LayerPath(List<String> parts) {
    private static final int BYTES_MAX = 4096;

    LayerPath {
        parts = List.copyOf(parts);
    }

    /// Refuses what leads upwards or has no place in a file system; absolute paths begin at the
    /// image's root, as everywhere.
    static LayerPath of(String text) throws IOException {
        if (text.length() > BYTES_MAX || text.indexOf('\0') >= 0) {
            throw new IOException("the layer has a path that no file can have");
        }
        List<String> parts = new ArrayList<>();
        for (String part : text.split("/")) {
            if (part.equals("..")) {
                throw new IOException("the layer has a path that leads out of it");
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        if (parts.size() > Entries.DEPTH_MAX) {
            throw new IOException(
                    "the layer has folders more than " + Entries.DEPTH_MAX + " levels deep");
        }
        return new LayerPath(parts);
    }

    boolean isRoot() {
        return parts.isEmpty();
    }

    String name() {
        return parts.getLast();
    }

    LayerPath parent() {
        return new LayerPath(parts.subList(0, parts.size() - 1));
    }

    LayerPath child(String name) {
        var more = new ArrayList<>(parts);
        more.add(name);
        return new LayerPath(more);
    }

    /// Relative to the root; `.` for the root.
    String text() {
        return parts.isEmpty() ? "." : String.join("/", parts);
    }
}
