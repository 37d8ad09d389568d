package dev.carrel.sandbox;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// The name of a machine in its only form here: lower case, ASCII, no dot at the end. What could be
/// taken for an address by anyone (`127.1`, `0x7f000001`, `[::1]`) is not a name.
public record HostName(String text) {
    private static final int CHARS_MAX = 253;
    private static final Pattern LABEL = Pattern.compile("[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?");

    /// As the WHATWG's URL standard tells them apart: browsers read the last label as a number.
    private static final Pattern NUMBER = Pattern.compile("[0-9]+|0x[0-9a-f]*");

    public HostName {
        if (!isName(text)) {
            throw new IllegalArgumentException("not a host name: " + text);
        }
    }

    /// Reads a name from the network: any case, one dot at the end, ASCII only.
    public static Optional<HostName> parse(String text) {
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        if (name.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            return Optional.empty();
        }
        String lower = name.toLowerCase(Locale.ROOT);
        return isName(lower) ? Optional.of(new HostName(lower)) : Optional.empty();
    }

    /// Whether this is a name below `parent`: `a.b.example.com` is below `example.com`.
    public boolean isBelow(HostName parent) {
        return text.endsWith("." + parent.text);
    }

    private static boolean isName(String text) {
        if (text.isEmpty() || text.length() > CHARS_MAX) {
            return false;
        }
        String[] labels = text.split("\\.", -1);
        for (String label : labels) {
            if (!LABEL.matcher(label).matches()) {
                return false;
            }
        }
        return !NUMBER.matcher(labels[labels.length - 1]).matches();
    }

    @Override
    public String toString() {
        return text;
    }
}
