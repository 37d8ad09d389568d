package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.ImageCalls.BuildProgress;
import dev.carrel.error.CarrelException;
import dev.carrel.image.LayerTar;
import dev.carrel.wire.BuildNote;
import dev.carrel.wire.BuildOutput;
import dev.carrel.wire.BuildSettings;
import dev.carrel.wire.BuildStep;
import dev.carrel.wire.Command;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.ImageInfo;
import dev.carrel.wire.ImageProgress;
import dev.carrel.wire.SandboxRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// A home with images of its own, in which servers build images.
final class BuildStage {
    private static final Path SHARED = Path.of("/var/lib/carrel/images/coding");

    final Path home;
    final Path images;

    /// The base image is the machine's, by hard links.
    BuildStage(Path folder) throws IOException, InterruptedException {
        home = Files.createDirectory(folder.resolve("home"));
        images = Files.createDirectory(folder.resolve("images"));
        Files.writeString(home.resolve("carrel.yaml"), "images: {dir: " + images + "}\n");
        if (Files.isDirectory(SHARED)) {
            var copy = new ProcessBuilder("cp", "-al", SHARED.toString(), images.toString());
            if (copy.redirectErrorStream(true).start().waitFor() != 0) {
                Files.writeString(home.resolve("carrel.yaml"), ""); // another file system
            }
        }
    }

    static CarrelClient client(LocalServer server) throws IOException {
        return new CarrelClient(URI.create(server.url()), server.key());
    }

    /// What a build tells.
    static final class Told implements BuildProgress {
        final List<BuildStep> steps = Collections.synchronizedList(new ArrayList<>());
        final List<BuildNote> notes = new ArrayList<>();
        final StringBuffer output = new StringBuffer();
        private final Consumer<String> onOutput;

        Told(Consumer<String> onOutput) {
            this.onOutput = onOutput;
        }

        Told() {
            this(text -> {});
        }

        @Override
        public void step(BuildStep step) {
            steps.add(step);
        }

        @Override
        public void output(BuildOutput text) {
            output.append(text.text());
            onOutput.accept(text.text());
        }

        @Override
        public void note(BuildNote note) {
            notes.add(note);
        }

        @Override
        public void base(ImageProgress progress) {}

        /// The lines of steps that were taken from an earlier build.
        List<Integer> cached() {
            return steps.stream().filter(BuildStep::cached).map(BuildStep::line).toList();
        }
    }

    static LayerTar context(String dockerfile) {
        return new LayerTar().file("Dockerfile", dockerfile);
    }

    static ImageInfo build(CarrelClient client, String name, LayerTar context, Told told) {
        return build(client, name, context, BuildSettings.DEFAULT, told);
    }

    static ImageInfo build(
            CarrelClient client, String name, LayerTar context, BuildSettings how, Told told) {
        return client.images().build(name, how, new ByteArrayInputStream(context.bytes()), told);
    }

    static CarrelException refusal(CarrelClient client, String name, LayerTar context) {
        var refused =
                catchThrowableOfType(
                        CarrelException.class, () -> build(client, name, context, new Told()));
        assertThat(refused).as("refused").isNotNull();
        return refused;
    }

    static BuildSettings arguments(Map<String, String> values) {
        return new BuildSettings("Dockerfile", values, true, true);
    }

    /// What a shell line says in a new sandbox of an image.
    static String said(CarrelClient client, String image, String line) {
        String id = client.sandboxes().create(SandboxRequest.builder().image(image).build()).id();
        try {
            ExecutionInfo done =
                    client.sandboxes().execute(id, ExecuteRequest.of(Command.line(line)));
            return done.stdout() + done.stderr();
        } finally {
            client.sandboxes().delete(id);
        }
    }

    /// Where an image is.
    Path folder(ImageInfo image) {
        String hex = image.digest().orElseThrow().substring("sha256:".length());
        return images.resolve(".store").resolve(hex);
    }

    /// Makes an image look as if nobody had used it for two hours.
    void age(ImageInfo image) throws IOException {
        FileTime then = FileTime.from(Instant.now().minus(Duration.ofHours(2)));
        for (Path path : List.of(folder(image).resolve("users"), folder(image))) {
            if (Files.exists(path)) {
                Files.setLastModifiedTime(path, then);
            }
        }
    }

    /// Everything half made in the folder of the images.
    List<Path> halves() throws IOException {
        try (var all = Files.walk(images, 2)) {
            return all.filter(
                            path -> path.getFileName().toString().matches("\\.(half|removing)-.*"))
                    .toList();
        }
    }
}
