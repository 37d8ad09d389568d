package dev.carrel.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// What became of a command: its exit code, and all that it printed.
record Shown(int code, String text) {
    /// Runs a command in this process, as a user of `server`.
    static Shown of(RealServer server, String... command) throws IOException {
        var all = new ArrayList<>(List.of(command));
        all.addAll(List.of("--url", server.uri().toString(), "--key", server.key()));
        var bytes = new ByteArrayOutputStream();
        var both = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        PrintStream out = System.out;
        PrintStream err = System.err;
        System.setOut(both);
        System.setErr(both);
        try {
            int code = Main.run(all.toArray(String[]::new));
            return new Shown(code, bytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }
}
