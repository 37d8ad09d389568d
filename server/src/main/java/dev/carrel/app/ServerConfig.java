package dev.carrel.app;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import dev.carrel.http.HttpSettings;
import dev.carrel.image.Images;
import dev.carrel.image.RegistrySettings;
import dev.carrel.model.ContextWindows;
import dev.carrel.model.ModelSettings;
import dev.carrel.model.PriceTable;
import dev.carrel.preview.PreviewSettings;
import dev.carrel.sandbox.ClosedRanges;
import dev.carrel.sandbox.IdleRules;
import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.SandboxSettings;
import dev.carrel.sandbox.SandboxSettings.AtClose;
import dev.carrel.sandbox.SandboxSpec;
import dev.carrel.sandbox.Subnet;
import dev.carrel.sandbox.WarmSettings;
import dev.carrel.sandbox.oci.NetworkSettings;
import dev.carrel.sandbox.oci.OciSettings;
import dev.carrel.session.Budgets;
import dev.carrel.telemetry.LogLevel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/// Everything that can be set about a server, from its command line, environment and `carrel.yaml`.
/// `temporary` servers take their sandboxes with them when they stop.
record ServerConfig(
        Path home,
        Path images,
        boolean temporary,
        NetworkSettings network,
        OptionalLong poolMib,
        String microvmShim,
        SandboxSettings sandboxes,
        HttpSettings http,
        PreviewSettings previews,
        LogLevel logLevel,
        ModelSettings models,
        Budgets budgets,
        RegistrySettings registries) {
    private static final int SANDBOXES_MAX = 100_000;

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
                        network(config),
                        poolMib(config),
                        config.text("sandboxes.microvm_shim", OciSettings.MICROVM_SHIM_DEFAULT),
                        sandboxes(config, temporary),
                        HttpSettings.at(host.orElse(address), port.orElse(number)),
                        previews(config),
                        logLevel(config.text("log.level", "info")),
                        ModelSettings.of(environment, config.providers())
                                .with(ContextWindows.of(config.contextWindows()))
                                .with(PriceTable.of(config.prices())),
                        BudgetConfig.of(config),
                        RegistrySettings.of(config.registries()));
        config.refuseUnknown();
        return loaded;
    }

    private static PreviewSettings previews(Config config) {
        return PreviewSettings.of(
                config.text("preview.domain"),
                config.text("preview.url"),
                config.number(
                        "preview.first_byte_seconds",
                        PreviewSettings.FIRST_BYTE_SECONDS_DEFAULT,
                        1,
                        3_600),
                config.number(
                        "preview.idle_seconds", PreviewSettings.IDLE_SECONDS_DEFAULT, 1, 86_400),
                config.number(
                        "preview.connections_max",
                        PreviewSettings.CONNECTIONS_MAX_DEFAULT,
                        1,
                        10_000));
    }

    /// 0, the default, takes most of what is free.
    private static OptionalLong poolMib(Config config) {
        int mib = config.number("disk.pool_mb", 0, 0, Integer.MAX_VALUE);
        return mib == 0 ? OptionalLong.empty() : OptionalLong.of(mib);
    }

    private static SandboxSettings sandboxes(Config config, boolean temporary) {
        return new SandboxSettings(
                config.number(
                        "sandboxes.per_project_max",
                        SandboxSettings.PER_PROJECT_MAX_DEFAULT,
                        1,
                        SANDBOXES_MAX),
                config.number("sandboxes.max", SandboxSettings.TOTAL_MAX_DEFAULT, 1, SANDBOXES_MAX),
                SandboxSettings.EXECUTIONS_AT_ONCE_MAX_DEFAULT,
                isolation(config.text("sandboxes.isolation_min", "container")),
                idle(config),
                warm(config, temporary),
                temporary ? AtClose.DESTROY : AtClose.KEEP);
    }

    private static Isolation isolation(String name) {
        return Isolation.of(name)
                .orElseThrow(() -> {
                    List<String> names =
                            Arrays.stream(Isolation.values()).map(Isolation::wireName).toList();
                    return notOneOf("sandboxes.isolation_min", name, names);
                });
    }

    private static CarrelException notOneOf(String key, String value, List<String> names) {
        return new CarrelException(
                ErrorCode.INVALID_DEFINITION,
                "%s must be one of %s, not \"%s\"%s"
                        .formatted(
                                key,
                                names,
                                value,
                                Nearest.to(value, names)
                                        .map(near -> "; did you mean " + near + "?")
                                        .orElse("")));
    }

    private static NetworkSettings network(Config config) {
        return new NetworkSettings(
                config.text("network.subnet"),
                parsed(
                        config,
                        "network.private_allow",
                        list -> new ClosedRanges(list.stream().map(ServerConfig::range).toList())),
                parsed(
                        config,
                        "network.name_servers",
                        list -> list.stream().map(NetworkSettings::nameServer).toList()));
    }

    private static <T> T parsed(Config config, String key, Function<List<String>, T> parser) {
        try {
            return parser.apply(config.list(key));
        } catch (IllegalArgumentException e) {
            throw new CarrelException(ErrorCode.INVALID_DEFINITION, key + ": " + e.getMessage(), e);
        }
    }

    /// A temporary server is gone before it would pay off.
    private static WarmSettings warm(Config config, boolean temporary) {
        int size = temporary ? 0 : WarmSettings.DEFAULT.size();
        return new WarmSettings(
                config.number("pool.size", size, 0, WarmSettings.SIZE_MAX),
                config.number("pool.memory_mb", WarmSettings.DEFAULT.memoryMib(), 0, 1 << 20));
    }

    /// 0 is never.
    private static IdleRules idle(Config config) {
        return new IdleRules(
                seconds(config, "idle.pause_after_seconds", IdleRules.DEFAULT.pauseAfter()),
                seconds(config, "idle.stop_after_seconds", IdleRules.DEFAULT.stopAfter()));
    }

    private static Optional<Duration> seconds(
            Config config, String key, Optional<Duration> byDefault) {
        int seconds =
                config.number(
                        key,
                        (int) byDefault.orElse(Duration.ZERO).toSeconds(),
                        0,
                        (int) IdleRules.MAX.toSeconds());
        return seconds == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(seconds));
    }

    private static Subnet range(String text) {
        return Subnet.parse(text)
                .orElseThrow(() -> new IllegalArgumentException(text + " is no IPv4 range"));
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
            throw notOneOf("log.level", name, names);
        }
        return LogLevel.valueOf(name.toUpperCase(Locale.ROOT));
    }

    /// How sandboxes live on this host.
    OciSettings sandboxRuntime() {
        return new OciSettings(home, new Images(images), temporary, network, poolMib, microvmShim);
    }

    Path keyFile() {
        return home.resolve("api-key");
    }

    /// The image that is built at the start, because sandboxes use it unless told otherwise.
    String image() {
        return SandboxSpec.DEFAULT_IMAGE;
    }
}
