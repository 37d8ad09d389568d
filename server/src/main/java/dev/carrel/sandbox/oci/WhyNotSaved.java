package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// What people are told when gVisor could not save the memory of a sandbox: it says so itself, with
/// the inside of its kernel around it.
final class WhyNotSaved {
    private static final int LOG_BYTES_MAX = 1 << 20;
    private static final int LINE_CHARACTERS_MAX = 160;

    /// By words in what gVisor says.
    private static final Map<String, String> KNOWN = new LinkedHashMap<>();

    static {
        KNOWN.put("deleted and invalidated", "a process has a file open that was deleted");
        KNOWN.put("no space left", "its memory needs more room on disk than there is");
        KNOWN.put("disk quota exceeded", "its memory needs more room on disk than there is");
        KNOWN.put("endpoint", "it has a connection that cannot be saved");
    }

    private WhyNotSaved() {}

    static String read(Path log) throws IOException {
        try (var input = Files.newInputStream(log)) {
            return new String(input.readNBytes(LOG_BYTES_MAX), StandardCharsets.UTF_8);
        }
    }

    /// Whether pid 1 had not noticed yet that nobody speaks with it any more.
    static boolean isConnectedToServer(String said) {
        return said.contains("SCMConnectedEndpoint");
    }

    static String of(String said) {
        String lower = said.toLowerCase(Locale.ROOT);
        return KNOWN.entrySet().stream()
                .filter(known -> lower.contains(known.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseGet(() -> "gVisor says: " + firstLine(said));
    }

    private static String firstLine(String said) {
        String line = said.lines().findFirst().orElse("nothing").strip();
        return line.substring(0, Math.min(line.length(), LINE_CHARACTERS_MAX));
    }
}
