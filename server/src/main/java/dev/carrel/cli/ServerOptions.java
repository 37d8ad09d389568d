package dev.carrel.cli;

import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Which server a command talks to: what the options say, else the environment, else the server of
/// this machine with the key that its first start stored.
final class ServerOptions {
    static final String URL_DEFAULT = "http://127.0.0.1:7373";

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "The server. Default: CARREL_URL, else " + URL_DEFAULT)
    private Optional<String> url = Optional.empty();

    @Option(
            names = "--key",
            paramLabel = "KEY",
            description =
                    "The API key. Default: CARREL_API_KEY, else the local server's first key.")
    private Optional<String> key = Optional.empty();

    CarrelClient client() {
        Map<String, String> environment = System.getenv();
        String server = url.or(() -> value(environment, "CARREL_URL")).orElse(URL_DEFAULT);
        String secret =
                key.or(() -> value(environment, "CARREL_API_KEY"))
                        .orElseGet(() -> storedKey(environment));
        return new CarrelClient(uri(server), secret);
    }

    private static URI uri(String text) {
        URI uri = URI.create(text);
        if (!"http".equals(uri.getScheme()) && !"https".equals(uri.getScheme())) {
            throw new IllegalArgumentException("not an http address: " + text);
        }
        return uri;
    }

    private static String storedKey(Map<String, String> environment) {
        Path home = Path.of(value(environment, "CARREL_HOME").orElse("/var/lib/carrel"));
        try {
            return Files.readString(home.resolve("api-key")).strip();
        } catch (NoSuchFileException e) {
            throw noKey("there is no " + home.resolve("api-key"), e);
        } catch (IOException e) {
            throw noKey("cannot read " + home.resolve("api-key"), e);
        }
    }

    private static CarrelException noKey(String why, IOException e) {
        return new CarrelException(
                ErrorCode.UNAUTHORIZED,
                "no API key: "
                        + why
                        + ". Start a server with: carrel start, or give a key with --key or"
                        + " CARREL_API_KEY",
                e);
    }

    private static Optional<String> value(Map<String, String> environment, String name) {
        return Optional.of(environment.getOrDefault(name, "").strip())
                .filter(text -> !text.isEmpty());
    }
}
