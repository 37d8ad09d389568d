package dev.carrel.sandbox.oci;

import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Whether the runsc of this host can be used. gVisor's versions are dates.
record RunscVersion(int date) {
    /// Older ones cannot give a directory of the host back, or bind sockets there.
    static final int DATE_MIN = 20_240_501;

    static final String REMEDY =
            "`carrel install gvisor` installs it on Debian; for others see"
                    + " https://gvisor.dev/docs/user_guide/install";

    private static final Pattern DATE = Pattern.compile("\\b(20\\d{6})\\b");
    private static final Map<Path, Optional<RunscVersion>> KNOWN = new ConcurrentHashMap<>();

    /// As [IsolationChecks#lacks].
    static Optional<String> lacks() {
        Optional<Path> program = HostCommand.find("runsc");
        if (program.isEmpty()) {
            return Optional.of("runsc is not installed; " + REMEDY);
        }
        Optional<RunscVersion> version = KNOWN.computeIfAbsent(program.get(), RunscVersion::ask);
        if (version.isEmpty()) {
            return Optional.of("runsc does not tell its version; " + REMEDY);
        }
        return version.get().date() >= DATE_MIN
                ? Optional.empty()
                : Optional.of(
                        "runsc of %d is too old, %d or newer is needed; %s"
                                .formatted(version.get().date(), DATE_MIN, REMEDY));
    }

    private static Optional<RunscVersion> ask(Path program) {
        try {
            return parse(HostCommand.of(program.toString(), "--version").run().out());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    static Optional<RunscVersion> parse(String output) {
        Matcher matcher = DATE.matcher(output);
        return matcher.find()
                ? Optional.of(new RunscVersion(Integer.parseInt(matcher.group(1))))
                : Optional.empty();
    }
}
