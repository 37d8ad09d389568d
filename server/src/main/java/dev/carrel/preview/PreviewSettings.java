package dev.carrel.preview;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/// Where previews are found, and what they may use.
///
/// Besides `*.localhost`, which always works, `*.<domain>` does when there is a `domain`. `url`
/// says how the outside reaches that domain, where a proxy that ends TLS is in between: its scheme
/// and port. An application has `firstByteMax` to begin its answer after it has the request; a
/// connection on which nothing moves for `idleMax` is cut. Of one sandbox, `connectionsMax` are
/// open at once.
public record PreviewSettings(
        Optional<String> domain,
        Optional<URI> url,
        Duration connectMax,
        Duration firstByteMax,
        Duration idleMax,
        int connectionsMax) {
    public static final Duration CONNECT_MAX_DEFAULT = Duration.ofSeconds(5);
    public static final int FIRST_BYTE_SECONDS_DEFAULT = 60;
    public static final int IDLE_SECONDS_DEFAULT = 3600;
    public static final int CONNECTIONS_MAX_DEFAULT = 200;

    public static final PreviewSettings DEFAULT =
            of(
                    Optional.empty(),
                    Optional.empty(),
                    FIRST_BYTE_SECONDS_DEFAULT,
                    IDLE_SECONDS_DEFAULT,
                    CONNECTIONS_MAX_DEFAULT);

    private static final Pattern DOMAIN =
            Pattern.compile(
                    "(?!.*\\.[0-9]+$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");

    public PreviewSettings {
        domain.ifPresent(name ->
                require(
                        DOMAIN.matcher(name).matches(),
                        "preview.domain must be a domain in lower case, such as"
                                + " preview.example.com"));
        require(firstByteMax.isPositive(), "preview.first_byte_seconds must be above 0");
        require(idleMax.isPositive(), "preview.idle_seconds must be above 0");
        require(connectionsMax > 0, "preview.connections_max must be above 0");
    }

    /// As configured; `url` alone names the domain as well.
    public static PreviewSettings of(
            Optional<String> domain,
            Optional<String> url,
            int firstByteSeconds,
            int idleSeconds,
            int connectionsMax) {
        Optional<URI> parsed = url.map(PreviewSettings::parse);
        Optional<String> named = domain.or(() -> parsed.map(URI::getHost));
        require(
                parsed.map(uri -> Optional.of(uri.getHost()).equals(named)).orElse(true),
                "preview.url and preview.domain must name the same domain");
        return new PreviewSettings(
                named,
                parsed,
                CONNECT_MAX_DEFAULT,
                Duration.ofSeconds(firstByteSeconds),
                Duration.ofSeconds(idleSeconds),
                connectionsMax);
    }

    private static URI parse(String text) {
        try {
            URI uri = URI.create(text);
            boolean plain = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            boolean bare = uri.getRawPath().isEmpty() || uri.getRawPath().equals("/");
            if (plain && bare && uri.getHost() != null && uri.getRawUserInfo() == null) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // Refused below like what is no such URL.
        }
        throw invalid("preview.url must be like https://preview.example.com");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw invalid(message);
        }
    }

    private static CarrelException invalid(String message) {
        return new CarrelException(ErrorCode.INVALID_DEFINITION, message);
    }
}
