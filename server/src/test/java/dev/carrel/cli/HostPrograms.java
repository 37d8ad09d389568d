package dev.carrel.cli;

import dev.carrel.client.SandboxCalls;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/// Programs of this machine that images do not have, brought into a sandbox with their libraries:
/// that needs no network, whatever the distribution.
final class HostPrograms {
    private static final String FOLDER = "/opt/programs";
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");

    private HostPrograms() {}

    /// Returns the command line that runs it in there.
    static String bring(SandboxCalls sandboxes, String id, Path program) throws IOException {
        if (!Files.isExecutable(program)) {
            System.err.println("NOT TESTED: " + program + " is not installed here");
            Assumptions.abort(program + " is not installed here");
        }
        Set<Path> files = libraries(program);
        files.add(program);
        String loader = "";
        for (Path file : files) {
            String name = file.getFileName().toString();
            sandboxes.writeFile(id, FOLDER + "/" + name, Files.readAllBytes(file));
            loader = name.startsWith("ld-") ? name : loader;
        }
        sandboxes.execute(id, ExecuteRequest.of(Command.line("chmod +x " + FOLDER + "/*")));
        return "%1$s/%2$s --library-path %1$s %1$s/%3$s"
                .formatted(FOLDER, loader, program.getFileName());
    }

    private static Set<Path> libraries(Path program) throws IOException {
        Process ldd = new ProcessBuilder("ldd", program.toString()).start();
        String text = new String(ldd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        var files = new TreeSet<Path>();
        for (Matcher found = LIBRARY.matcher(text); found.find(); ) {
            files.add(Path.of(found.group(1)));
        }
        return files;
    }
}
