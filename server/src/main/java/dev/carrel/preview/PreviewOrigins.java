package dev.carrel.preview;

import dev.carrel.sandbox.SandboxId;
import java.net.URI;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The domains of previews: `3000-sbx-4kq0w….localhost` and the same below the configured domain.
final class PreviewOrigins {
    private static final String LOCAL = "localhost";
    private static final int PORT_MAX = 65_535;

    /// Everything that looks like a preview is one, so that the API is never found under its name.
    private static final Pattern LABEL = Pattern.compile("([0-9]+)-(sbx[-_].*)");

    private final PreviewSettings settings;
    private final IntSupplier serverPort;

    /// `serverPort` is asked only once the server listens.
    PreviewOrigins(PreviewSettings settings, IntSupplier serverPort) {
        this.settings = settings;
        this.serverPort = serverPort;
    }

    /// The one that addresses are given out for.
    PreviewOrigin main() {
        return settings.domain().map(this::configured).orElseGet(this::local);
    }

    boolean owns(String host) {
        return match(host, LOCAL).isPresent()
                || settings.domain().flatMap(domain -> match(host, domain)).isPresent();
    }

    /// Empty for a name that [#owns] but that cannot be a preview's.
    Optional<PreviewHost> parse(String host) {
        Optional<PreviewHost> there =
                settings.domain().flatMap(domain -> parse(host, configured(domain)));
        return there.or(() -> parse(host, local()));
    }

    private static Optional<PreviewHost> parse(String host, PreviewOrigin origin) {
        return match(host, origin.domain()).flatMap(label -> parse(label, origin));
    }

    private static Optional<PreviewHost> parse(Matcher label, PreviewOrigin origin) {
        try {
            int port = Integer.parseInt(label.group(1));
            var sandbox = new SandboxId(label.group(2).replaceFirst("[-_]", "_"));
            return port >= 1 && port <= PORT_MAX && label.group(1).equals("" + port)
                    ? Optional.of(new PreviewHost(sandbox, port, origin))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Optional<Matcher> match(String host, String domain) {
        if (!host.endsWith("." + domain)) {
            return Optional.empty();
        }
        String label = host.substring(0, host.length() - domain.length() - 1);
        return Optional.of(LABEL.matcher(label)).filter(Matcher::matches);
    }

    private PreviewOrigin local() {
        return new PreviewOrigin(LOCAL, "http", OptionalInt.of(serverPort.getAsInt()));
    }

    private PreviewOrigin configured(String domain) {
        Optional<URI> url = settings.url();
        int port = url.map(URI::getPort).orElseGet(serverPort::getAsInt);
        return new PreviewOrigin(
                domain,
                url.map(URI::getScheme).orElse("http"),
                port < 0 ? OptionalInt.empty() : OptionalInt.of(port));
    }
}
