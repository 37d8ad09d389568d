package dev.carrel.cli;

import static dev.carrel.cli.BuildStage.build;
import static dev.carrel.cli.BuildStage.context;
import static dev.carrel.cli.BuildStage.said;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.cli.BuildStage.Told;
import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.BuildSettings;
import dev.carrel.wire.ImageInfo;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What becomes of built images: bases of others, names that go, pruning.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BuiltImagesIT {
    private BuildStage stage;
    private LocalServer server;
    private CarrelClient client;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        stage = new BuildStage(folder);
        server = LocalServer.start(stage.home, Map.of());
        client = BuildStage.client(server);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void imagesAreBasesAndStayWithoutTheNameOfTheirs() throws Exception {
        ImageInfo below =
                build(
                        client,
                        "below",
                        context("FROM coding\nENV A=b\nRUN echo 1 > /one\n"),
                        new Told());
        build(client, "above", context("FROM below\nRUN echo $A > /two\n"), new Told());
        client.images().remove("below");
        stage.age(below);

        client.images().prune(Duration.ofHours(1));

        assertThat(stage.folder(below)).as("a kept step is based on it").isDirectory();
        assertThat(said(client, "above", "cat /one /two; echo $A")).isEqualTo("1\nb\nb\n");
        var gone = catchThrowableOfType(CarrelException.class, () -> said(client, "below", "true"));
        assertThat(gone.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
    }

    @Test
    void pruningTakesBuiltImagesWithoutAName() throws Exception {
        ImageInfo kept = build(client, "kept", context("FROM coding\nENV A=kept\n"), new Told());
        ImageInfo gone = build(client, "gone", context("FROM coding\nENV A=gone\n"), new Told());
        client.images().remove("gone");
        stage.age(kept);
        stage.age(gone);

        // Old versions of the base go, too, where the machine has some.
        assertThat(client.images().prune(Duration.ofHours(1)).images()).isPositive();

        assertThat(stage.folder(gone)).doesNotExist();
        assertThat(said(client, "kept", "echo $A")).isEqualTo("kept\n");
    }

    @Test
    void stepsHaveTheInternetOrNot() {
        String line = "RUN tail -n +2 /proc/net/route | wc -l\n";
        var off = new Told();
        var settings = new BuildSettings("Dockerfile", Map.of(), true, false);
        build(client, "offline", context("FROM coding\n" + line), settings, off);
        assertThat(off.output.toString()).isEqualTo("0\n");
        var on = new Told();
        build(client, "online", context("FROM coding\n" + line), on);
        assertThat(on.output.toString()).isNotEqualTo("0\n");
    }
}
