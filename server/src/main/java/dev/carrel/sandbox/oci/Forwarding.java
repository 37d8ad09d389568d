package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Whether the host passes packets on between its links, which sandboxes with a network need. Each
/// instance notes that it needs it, and what it was before any did; the last to leave puts it back.
/// Called under the lock of [SandboxNetwork].
final class Forwarding {
    private static final Path SWITCH = Path.of("/proc/sys/net/ipv4/ip_forward");
    private static final String NOTE = "forwarding";

    private Forwarding() {}

    static void require(Instance instance) throws IOException {
        Path note = instance.runtime().resolve(NOTE);
        if (!Files.exists(note)) {
            List<Path> others = notes();
            Path source = others.isEmpty() ? SWITCH : others.getFirst();
            Files.writeString(note, Files.readString(source).strip());
        }
        if (!Files.readString(SWITCH).strip().equals("1")) {
            Files.writeString(SWITCH, "1");
        }
    }

    static void release(Instance instance) throws IOException {
        Path note = instance.runtime().resolve(NOTE);
        if (!Files.exists(note)) {
            return;
        }
        String before = Files.readString(note).strip();
        Files.delete(note);
        if (before.equals("0") && notes().isEmpty()) {
            Files.writeString(SWITCH, "0");
        }
    }

    private static List<Path> notes() throws IOException {
        try (Stream<Path> children = Files.list(Path.of("/run"))) {
            return children.filter(path -> path.toString().startsWith("/run/carrel-"))
                    .map(path -> path.resolve(NOTE))
                    .filter(Files::exists)
                    .toList();
        }
    }
}
