package dev.carrel.cli;

import dev.carrel.wire.BuildSettings;
import dev.carrel.wire.ImageInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Builds an image out of a Dockerfile.
@Command(
        name = "build",
        description = {
            "Build an image of a folder with a Dockerfile; its commands run in a sandbox.",
            "Without -t, and without a server: build the image of a recipe."
        },
        mixinStandardHelpOptions = true)
final class BuildCommand implements Callable<Integer> {
    @Mixin private ServerOptions server = new ServerOptions();
    @Mixin private OutputOptions output = new OutputOptions();

    @Option(
            names = {"-t", "--tag"},
            required = true,
            paramLabel = "NAME",
            description = "The image's name.")
    private String name = "";

    @Option(
            names = {"-f", "--file"},
            description = "The Dockerfile. Default: DIR/Dockerfile")
    private Optional<Path> file = Optional.empty();

    @Option(
            names = "--build-arg",
            paramLabel = "NAME=VALUE",
            description = "A value for an ARG; without =VALUE, that of this environment.")
    private List<String> arguments = List.of();

    @Option(names = "--no-cache", description = "Do every step anew.")
    private boolean noCache;

    @Option(names = "--no-internet", description = "Run the steps without a network.")
    private boolean noInternet;

    @Parameters(paramLabel = "DIR", description = "The folder that COPY takes files from.")
    private Path folder = Path.of(".");

    @Override
    public Integer call() throws IOException {
        String dockerfile = dockerfile();
        var settings = new BuildSettings(dockerfile, arguments(), !noCache, !noInternet);
        ImageInfo built;
        try (var shown = new BuildDisplay(name);
                InputStream context = new BuildContext(folder, dockerfile).open()) {
            built = server.client().images().build(name, settings, context, shown);
        }
        output.print(
                built,
                "%s  %s  %d MB"
                        .formatted(
                                built.name(),
                                built.digest().orElse(""),
                                built.sizeMb().orElse(0L)));
        return 0;
    }

    /// Relative to the folder.
    private String dockerfile() throws IOException {
        Path top = folder.toRealPath();
        Path wanted = file.orElse(folder.resolve("Dockerfile"));
        if (!Files.isRegularFile(wanted)) {
            throw new IllegalArgumentException("there is no file " + wanted);
        }
        Path found = wanted.toRealPath();
        if (!found.startsWith(top)) {
            throw new IllegalArgumentException(wanted + " is not in " + folder);
        }
        return top.relativize(found).toString();
    }

    private Map<String, String> arguments() {
        Map<String, String> values = new HashMap<>();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (equals > 0) {
                values.put(argument.substring(0, equals), argument.substring(equals + 1));
            } else {
                Optional.ofNullable(System.getenv(argument))
                        .ifPresent(value -> values.put(argument, value));
            }
        }
        return values;
    }
}
