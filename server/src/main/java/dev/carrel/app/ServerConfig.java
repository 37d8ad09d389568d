package dev.carrel.app;

import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import dev.carrel.http.HttpSettings;
import dev.carrel.image.Images;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.oci.OciSettings;
import dev.carrel.telemetry.LogLevel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Everything that can be set about a server, from its command line, environment and `carrel.yaml`.
/// `temporary` servers take their sandboxes with them when they stop.
record ServerConfig(
        Path home,
        Path images,
        boolean temporary,
        HttpSettings http,
        LogLevel logLevel,
        JsonNode providers,
        Map<String, String> environment) {
    static ServerConfig load(
            Path home,
            Optional<String> host,
            Optional<Integer> port,
            boolean temporary,
            Map<String, String> environment) {
        Config config = Config.load(home.resolve("carrel.yaml"), environment);
        String address = config.text("server.host", HttpSettings.HOST_DEFAULT);
        int number = config.number("server.port", HttpSettings.PORT_DEFAULT, 0, 65_535);
        var loaded =
                new ServerConfig(
                        home,
                        Path.of(config.text("images.dir", Images.DIRECTORY_DEFAULT.toString())),
                        temporary,
                        HttpSettings.at(host.orElse(address), port.orElse(number)),
                        logLevel(config.text("log.level", "info")),
                        config.providers(),
                        environment);
        config.refuseUnknown();
        return loaded;
    }

    static Path homeByDefault() {
        return Path.of(System.getenv().getOrDefault("CARREL_HOME", "/var/lib/carrel"));
    }

    private static LogLevel logLevel(String name) {
        List<String> names =
                Arrays.stream(LogLevel.values())
                        .map(level -> level.name().toLowerCase(Locale.ROOT))
                        .toList();
        if (!names.contains(name)) {
            throw new CarrelException(
                    ErrorCode.INVALID_DEFINITION,
                    "log.level must be one of %s, not \"%s\"%s"
                            .formatted(
                                    names,
                                    name,
                                    Nearest.to(name, names)
                                            .map(near -> "; did you mean " + near + "?")
                                            .orElse("")));
        }
        return LogLevel.valueOf(name.toUpperCase(Locale.ROOT));
    }

    /// How sandboxes live on this host.
    OciSettings sandboxRuntime() {
        var library = new Images(images);
        return temporary ? OciSettings.temporary(home, library) : OciSettings.of(home, library);
    }

    Path keyFile() {
        return home.resolve("api-key");
    }

    /// The image that is built at the start, because sandboxes use it unless told otherwise.
    String image() {
        return SandboxSpec.DEFAULT_IMAGE;
    }
}
