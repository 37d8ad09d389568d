package dev.carrel.sandbox;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// A header that requests to one host get on their way out, in place of what the sandbox sent. Only
/// inside TLS, unless `insecure`. The sandbox never sees `value`; neither does anyone who prints
/// this.
public record EdgeSecret(HostName host, String header, String value, boolean insecure) {
    static final int VALUE_CHARS_MAX = 8192;
    private static final int HEADER_CHARS_MAX = 64;

    private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+");

    /// What says where a message ends or goes, and so must be what the proxy has checked.
    private static final Set<String> RESERVED =
            Set.of(
                    "connection",
                    "content-length",
                    "expect",
                    "host",
                    "keep-alive",
                    "proxy-connection",
                    "te",
                    "trailer",
                    "transfer-encoding",
                    "upgrade");

    public EdgeSecret {
        if (header.length() > HEADER_CHARS_MAX
                || !HEADER.matcher(header).matches()
                || RESERVED.contains(header.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException(
                    "the secret for %s needs the name of a header that carries one, such as"
                                    .formatted(host)
                            + " Authorization");
        }
        if (value.isBlank()
                || value.length() > VALUE_CHARS_MAX
                || value.chars().anyMatch(c -> c < ' ' || c > '~')) {
            throw new IllegalArgumentException(
                    "the secret for %s must have 1 to %d characters of printable ASCII"
                            .formatted(host, VALUE_CHARS_MAX));
        }
    }

    @Override
    public String toString() {
        return "EdgeSecret[" + host + ", " + header + ", ***]";
    }
}
