package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The mounts that the calling thread sees, in the order they were made.
record MountTable(List<Entry> entries) {
    MountTable {
        entries = List.copyOf(entries);
    }

    /// One mount.
    record Entry(Path target, String type, String source) {}

    static MountTable read() throws IOException {
        return parse(Files.readString(Path.of("/proc/thread-self/mountinfo")));
    }

    /// Parses `mountinfo` as proc(5) describes it; lines of another shape are left out.
    static MountTable parse(String text) {
        List<Entry> entries = new ArrayList<>();
        for (String line : text.lines().toList()) {
            String[] halves = line.split(" - ", 2);
            String[] first = halves[0].split(" ");
            String[] second = halves.length == 2 ? halves[1].split(" ") : new String[0];
            if (first.length > 4 && second.length > 1) {
                entries.add(new Entry(Path.of(unescape(first[4])), second[0], unescape(second[1])));
            }
        }
        return new MountTable(entries);
    }

    /// What is mounted at exactly this place; the newest if several are.
    Optional<Entry> at(Path target) {
        return entries.reversed().stream().filter(e -> e.target().equals(target)).findFirst();
    }

    private static String unescape(String text) {
        return text.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
