package dev.carrel.sandbox;

import java.net.IDN;
import java.util.Optional;
import java.util.regex.Pattern;

/// Reads the entries of `allow` and `deny` lists. What different programs read differently is
/// refused.
final class TargetParser {
    private static final String WILDCARD = "*.";
    private static final int SHOWN_CHARS_MAX = 80;
    private static final Pattern ADDRESS = Pattern.compile("[0-9./]+");
    private static final Pattern LEADING_ZERO = Pattern.compile("(?:^|[./])0[0-9]");

    private TargetParser() {}

    static NetworkTarget parse(String entry) {
        if (entry.indexOf(':') >= 0) {
            throw wrong(entry, "has a colon: sandboxes have no IPv6, and entries name no ports");
        }
        if (ADDRESS.matcher(entry).matches()) {
            return range(entry);
        }
        if (entry.startsWith(WILDCARD)) {
            return new NetworkTarget.Subdomains(name(entry, entry.substring(WILDCARD.length())));
        }
        return new NetworkTarget.Host(name(entry, entry));
    }

    private static NetworkTarget range(String entry) {
        if (LEADING_ZERO.matcher(entry).find()) {
            throw wrong(entry, "has a number with a leading zero, which some read as octal");
        }
        Subnet subnet =
                Subnet.parse(entry).orElseThrow(() -> wrong(entry, "is no IPv4 address or range"));
        if (entry.contains("/") && !subnet.toString().equals(entry)) {
            throw wrong(entry, "has bits beyond its prefix; did you mean " + subnet + "?");
        }
        return new NetworkTarget.Range(subnet);
    }

    private static HostName name(String entry, String text) {
        return toAscii(text)
                .flatMap(HostName::parse)
                .orElseThrow(() ->
                        wrong(
                                entry,
                                "is neither a host name, nor one with \"*.\" before it, nor an IPv4"
                                        + " address or range"));
    }

    private static Optional<String> toAscii(String text) {
        try {
            return Optional.of(IDN.toASCII(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // a label that no name can have
        }
    }

    private static IllegalArgumentException wrong(String entry, String why) {
        String start =
                entry.length() > SHOWN_CHARS_MAX
                        ? entry.substring(0, SHOWN_CHARS_MAX) + "…"
                        : entry;
        return new IllegalArgumentException(
                "\"" + start.replaceAll("\\p{Cntrl}", "?") + "\" " + why);
    }
}
