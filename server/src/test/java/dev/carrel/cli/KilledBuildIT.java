package dev.carrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.cli.BuildStage.Told;
import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A real server is killed in the middle of a build.
@Timeout(120)
class KilledBuildIT {
    private static final String DOCKERFILE =
            """
            FROM coding
            RUN echo 1 > /one
            RUN echo up; sleep ${SLEEP:-1000}
            """;

    @Test
    void nextServerFindsNothingOfTheBuildButItsSteps(@TempDir Path folder) throws Exception {
        var stage = new BuildStage(folder);
        LocalServer first = LocalServer.start(stage.home, Map.of());
        var told = new Told(text -> first.process().destroyForcibly());
        var build =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return BuildStage.build(
                                BuildStage.client(first),
                                "x",
                                BuildStage.context(DOCKERFILE),
                                told);
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
        assertThat(first.process().onExit().get(60, TimeUnit.SECONDS).isAlive()).isFalse();
        assertThat(build.handle((image, failure) -> failure).get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(CarrelException.class);

        try (LocalServer second = LocalServer.start(stage.home, Map.of())) {
            CarrelClient client = BuildStage.client(second);
            assertThat(client.sandboxes().list().data()).isEmpty();
            assertThat(client.images().list().data()).noneMatch(i -> i.name().equals("x"));
            assertThat(stage.halves()).isEmpty();
            var again = new Told();
            BuildStage.build(
                    client,
                    "x",
                    BuildStage.context(DOCKERFILE.replace("${SLEEP:-1000}", "0")),
                    again);
            assertThat(again.cached()).containsExactly(2);
        }
        assertThat(stage.home.resolve("sandboxes")).doesNotExist();
    }
}
