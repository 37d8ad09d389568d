package dev.carrel.app;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.carrel.image.Images;
import dev.carrel.sandbox.SandboxSpec;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The images of this machine, without a server.
@Command(
        name = "images",
        description = "List and build the images that sandboxes start from.",
        mixinStandardHelpOptions = true)
final class ImagesCommand {
    @Option(
            names = "--images",
            description = "Where images are. Default: ${DEFAULT-VALUE}",
            defaultValue = "/var/lib/carrel/images",
            scope = picocli.CommandLine.ScopeType.INHERIT)
    private Path directory = Images.DIRECTORY_DEFAULT;

    @Command(name = "ls", description = "List the built images.", mixinStandardHelpOptions = true)
    int list(@Option(names = "--json", description = "Print JSON.") boolean json)
            throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ArrayNode rows = mapper.createArrayNode();
        for (Images.Image image : new Images(directory).list()) {
            rows.addObject()
                    .put("name", image.name())
                    .put("root", image.root().toString())
                    .put("size_mb", image.sizeBytes() >> 20);
            if (!json) {
                System.out.printf(
                        "%-20s %6d MB  %s%n", image.name(), image.sizeBytes() >> 20, image.root());
            }
        }
        if (json) {
            System.out.println(mapper.writeValueAsString(rows));
        }
        return 0;
    }

    @Command(
            name = "build",
            description = "Build an image from its recipe, unless it is there and up to date.",
            mixinStandardHelpOptions = true)
    int build(
            @Parameters(
                            paramLabel = "NAME",
                            description = "The recipe. Default: ${DEFAULT-VALUE}",
                            defaultValue = SandboxSpec.DEFAULT_IMAGE)
                    String name) {
        var images = new Images(directory);
        if (images.isBuilt(name)) {
            System.out.println("Image " + name + " is up to date.");
            return 0;
        }
        try (var progress = new BuildProgress(name, Boolean.getBoolean("carrel.terminal"))) {
            Images.Image image = images.build(name, progress);
            System.out.printf("Image %s: %d MB%n", name, image.sizeBytes() >> 20);
        }
        return 0;
    }
}
