package dev.carrel.image;

import dev.carrel.process.HostCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where Debian's packages come from. A Debian host has answered that already, mirrors, proxies and
/// all: its answer is used. `lines` is a `sources.list`; empty means mmdebstrap's own default.
/// `options` are settings of apt in its own notation.
record AptSources(String suite, List<String> lines, List<String> options) {
    static final String SUITE_DEFAULT = "trixie";

    private static final Path RELEASE = Path.of("/etc/os-release");
    private static final Pattern CODENAME =
            Pattern.compile("^VERSION_CODENAME=\"?([a-z]+)\"?$", Pattern.MULTILINE);
    private static final Pattern DEBIAN = Pattern.compile("^ID=\"?debian\"?$", Pattern.MULTILINE);
    private static final Pattern OPTION =
            Pattern.compile(
                    "Acquire::(Check-Valid-Until|Retries|(http|https)::[^\"]*[^:]) \".+\";");

    AptSources {
        lines = List.copyOf(lines);
        options = List.copyOf(options);
    }

    /// The suite that images are made of on this host.
    static String suiteOfHost() throws IOException {
        return suite(Files.exists(RELEASE) ? Files.readString(RELEASE) : "").orElse(SUITE_DEFAULT);
    }

    /// The answer of this host's apt, if this host is Debian.
    static AptSources ofHost() throws IOException {
        String release = Files.exists(RELEASE) ? Files.readString(RELEASE) : "";
        Optional<String> suite = suite(release);
        if (suite.isEmpty() || HostCommand.find("apt-get").isEmpty()) {
            return new AptSources(SUITE_DEFAULT, List.of(), List.of());
        }
        String targets =
                HostCommand.of(
                                "apt-get",
                                "indextargets",
                                "--format",
                                "$(REPO_URI) $(RELEASE) $(COMPONENT)",
                                "Created-By: Packages")
                        .run()
                        .orFail()
                        .out();
        String settings = HostCommand.of("apt-config", "dump").run().orFail().out();
        return new AptSources(suite.get(), lines(targets, suite.get()), options(settings));
    }

    static Optional<String> suite(String osRelease) {
        Matcher codename = CODENAME.matcher(osRelease);
        return DEBIAN.matcher(osRelease).find() && codename.find()
                ? Optional.of(codename.group(1))
                : Optional.empty();
    }

    /// The lines for Debian's own main archive, its updates and security fixes. Other archives of
    /// the host are its own business, and so are addresses with a password in them.
    static List<String> lines(String targets, String suite) {
        List<String> lines = new ArrayList<>();
        for (String target : targets.lines().distinct().toList()) {
            String[] parts = target.split(" ");
            if (parts.length == 3
                    && !parts[0].contains("@")
                    && parts[1].matches(Pattern.quote(suite) + "(-updates|-security)?")
                    && parts[2].equals("main")) {
                lines.add("deb " + target);
            }
        }
        boolean hasBase = lines.stream().anyMatch(line -> line.endsWith(" " + suite + " main"));
        return hasBase ? lines : List.of();
    }

    /// The settings without which this host could not download.
    static List<String> options(String dump) {
        return dump.lines().filter(line -> OPTION.matcher(line).matches()).toList();
    }
}
