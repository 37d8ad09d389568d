package dev.carrel.cli;

import dev.carrel.wire.ImageInfo;
import dev.carrel.wire.ImageRequest;
import dev.carrel.wire.Listing;
import dev.carrel.wire.PruneInfo;
import dev.carrel.wire.RegistryCredentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The images that sandboxes start from.
@Command(
        name = "images",
        aliases = "image",
        description = "The images that sandboxes start from.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footer = "%nWithout a server: carrel images build RECIPE",
        subcommands = {
            ImagesCommand.Ls.class,
            ImagesCommand.Pull.class,
            BuildCommand.class,
            ImagesCommand.Rm.class,
            ImagesCommand.Prune.class
        })
final class ImagesCommand {
    /// Lists them.
    @Command(name = "ls", description = "List the images.", mixinStandardHelpOptions = true)
    static final class Ls implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Override
        public Integer call() {
            Listing<ImageInfo> list = server.client().images().list();
            var text = new StringBuilder();
            text.append(line("NAME", "KIND", "STATE", "SIZE", "USED BY", "DIGEST", "CREATED"));
            for (ImageInfo image : list.data()) {
                text.append(
                        line(
                                image.name(),
                                image.kind(),
                                image.progress()
                                        .map(at -> Math.round(at.fraction() * 100) + "%")
                                        .orElse(image.state()),
                                image.sizeMb().map(size -> size + " MB").orElse(""),
                                Integer.toString(image.usedBy()),
                                image.digest().map(digest -> digest.substring(7, 19)).orElse(""),
                                image.createdAt()
                                        .map(time -> time.toString().substring(0, 16))
                                        .orElse("")));
            }
            output.print(list, text.toString().stripTrailing());
            return 0;
        }

        private static String line(String... cells) {
            return "%-40s %-7s %-10s %9s %8s  %-12s  %s%n".formatted((Object[]) cells);
        }
    }

    /// Brings one here.
    @Command(
            name = "pull",
            description = "Pull an image of a registry, or build a recipe.",
            mixinStandardHelpOptions = true)
    static final class Pull implements Callable<Integer> {
        private static final int PASSWORD_BYTES_MAX = 16 << 10;

        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(
                paramLabel = "IMAGE",
                description = "Such as python:3.13, ghcr.io/team/x@sha256:..., or a recipe.")
        private String image = "";

        @Option(names = "--username", description = "Who pulls; the server does not keep it.")
        private Optional<String> username = Optional.empty();

        @Option(
                names = "--password-stdin",
                description = "Read the password or token from standard input.")
        private boolean passwordStdin;

        @Override
        public Integer call() throws IOException {
            if (username.isPresent() != passwordStdin) {
                throw new IllegalArgumentException("--username and --password-stdin go together");
            }
            Optional<RegistryCredentials> credentials = Optional.empty();
            if (username.isPresent()) {
                byte[] password = System.in.readNBytes(PASSWORD_BYTES_MAX);
                String text = new String(password, StandardCharsets.UTF_8).strip();
                credentials = Optional.of(new RegistryCredentials(username.get(), text));
            }
            var request = new ImageRequest(image, credentials);
            ImageInfo pulled;
            try (var progress = new PullProgress(image)) {
                pulled = server.client().images().pull(request, progress);
            }
            output.print(
                    pulled,
                    "%s  %s  %d MB"
                            .formatted(
                                    pulled.name(),
                                    pulled.digest().orElse("recipe"),
                                    pulled.sizeMb().orElse(0L)));
            return 0;
        }
    }

    /// Forgets some.
    @Command(
            name = "rm",
            description = "Forget images; their files go when nobody uses them (see prune).",
            mixinStandardHelpOptions = true)
    static final class Rm implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "Names.")
        private List<String> images = List.of();

        @Override
        public Integer call() {
            images.forEach(image -> server.client().images().remove(image));
            output.print(Map.of("removed", images), "Removed " + String.join(", ", images));
            return 0;
        }
    }

    /// Makes room.
    @Command(
            name = "prune",
            description = "Remove images that no sandbox and no snapshot uses.",
            mixinStandardHelpOptions = true)
    static final class Prune implements Callable<Integer> {
        @Mixin private ServerOptions server = new ServerOptions();
        @Mixin private OutputOptions output = new OutputOptions();

        @Option(
                names = "--unused-for-hours",
                description = "Only those that nobody has used for so long. Default: 1")
        private long hours = 1;

        @Override
        public Integer call() {
            PruneInfo pruned = server.client().images().prune(Duration.ofHours(hours));
            output.print(
                    pruned,
                    "Removed %d images, %d MB.".formatted(pruned.images(), pruned.freedMb()));
            return 0;
        }
    }
}
