package dev.carrel.cli;

import dev.carrel.wire.NetworkRules;
import dev.carrel.wire.SecretRule;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/// What a sandbox may reach, as options. Values of secrets are never among them: everybody on this
/// machine can read the words of a command.
final class NetworkOptions {
    private static final Pattern SECRET = Pattern.compile("([^:=]+):([^:=]+)=([^=]+)");

    /// Where a value comes from that is on the standard input.
    private static final String STDIN = "-";

    @Option(names = "--no-internet", description = "No network but its own loopback.")
    private boolean offline;

    @Option(
            names = "--allow",
            paramLabel = "TARGET",
            description =
                    "Reach this only: an address, a range (203.0.113.0/24), a host name, or"
                            + " '*.example.com'. May be given again.")
    private List<String> allow = new ArrayList<>();

    @Option(
            names = "--deny",
            paramLabel = "TARGET",
            description = "Do not reach this, whatever else is allowed. May be given again.")
    private List<String> deny = new ArrayList<>();

    @Option(
            names = "--secret",
            paramLabel = "HOST:HEADER=VARIABLE",
            description =
                    "Add this header to requests to the host on their way out. Its value comes from"
                            + " an environment variable of this command, or for '-' from the first"
                            + " line of its standard input; the sandbox never sees it.")
    private List<String> secrets = new ArrayList<>();

    /// Empty if no option is given.
    Optional<NetworkRules> rules() {
        if (!offline && allow.isEmpty() && deny.isEmpty() && secrets.isEmpty()) {
            return Optional.empty();
        }
        var byHost = new HashMap<String, SecretRule>();
        for (String secret : secrets) {
            Matcher parts = SECRET.matcher(secret);
            if (!parts.matches()) {
                throw new IllegalArgumentException(
                        "--secret is written HOST:HEADER=VARIABLE, with the name of a variable and"
                                + " not its value");
            }
            String value = value(parts.group(3));
            byHost.put(parts.group(1), new SecretRule(parts.group(2), value, Optional.empty()));
        }
        return Optional.of(new NetworkRules(Optional.of(!offline), allow, deny, byHost));
    }

    private static String value(String source) {
        if (!source.equals(STDIN)) {
            return Optional.ofNullable(System.getenv(source))
                    .filter(value -> !value.isBlank())
                    .orElseThrow(() ->
                            new IllegalArgumentException(
                                    "--secret: the environment has no such variable"));
        }
        try {
            var lines =
                    new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            String line = lines.readLine();
            if (line == null || line.isBlank()) {
                throw new IllegalArgumentException("--secret: the standard input has no line");
            }
            return line.strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// As a person reads them.
    static String shown(NetworkRules rules) {
        var lines = new ArrayList<String>();
        lines.add("internet  " + (rules.internet().orElse(true) ? "on" : "off"));
        rules.allow().forEach(target -> lines.add("allow     " + target));
        rules.deny().forEach(target -> lines.add("deny      " + target));
        for (Map.Entry<String, SecretRule> secret : rules.secrets().entrySet()) {
            lines.add("secret    " + secret.getKey() + " " + secret.getValue().header());
        }
        return String.join("\n", lines);
    }
}
