package dev.carrel.cli;

import static dev.carrel.cli.BuildStage.build;
import static dev.carrel.cli.BuildStage.context;
import static dev.carrel.cli.BuildStage.said;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.cli.BuildStage.Told;
import dev.carrel.client.CarrelClient;
import dev.carrel.image.LayerTar;
import dev.carrel.process.HostCommand;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Images are built alike where sandboxes, or their disks, are of another kind.
@Timeout(180)
class BuildsElsewhereIT {
    private static final String DOCKERFILE =
            """
            FROM coding AS made
            RUN mkdir /out && echo made > /out/a && ln -s a /out/link
            FROM coding
            ENV GREETING=hello
            WORKDIR /srv/app
            COPY --from=made /out/ ./
            COPY --chown=7:8 x /data/
            RUN echo $GREETING > said && mv /usr/share/perl5 /usr/share/moved && useradd me
            RUN mkdir /usr/share/perl5 && rm /usr/bin/jq
            USER me
            """;

    @Test
    void underGvisor(@TempDir Path folder) throws Exception {
        Assumptions.assumeTrue(HostCommand.find("runsc").isPresent(), "NOT TESTED: no runsc here");
        buildsAndReuses(
                folder,
                Map.of("CARREL_SANDBOXES_ISOLATION_MIN", "gvisor"),
                (stage, client) -> assertThat(said(client, "first", "dmesg")).contains("gVisor"));
    }

    @Test
    void onDisksThatArePlainFolders(@TempDir Path folder) throws Exception {
        try (var host = WithoutBtrfs.in(folder.resolve("bin"))) {
            buildsAndReuses(
                    folder,
                    host.environment(),
                    (stage, client) -> {
                        assertThat(stage.home.resolve("disks")).isDirectory();
                        assertThat(stage.home.resolve("pool.btrfs")).doesNotExist();
                    });
        }
    }

    private static void buildsAndReuses(
            Path folder,
            Map<String, String> environment,
            BiConsumer<BuildStage, CarrelClient> isElsewhere)
            throws Exception {
        var stage = new BuildStage(folder);
        LayerTar files = context(DOCKERFILE).file("x", "x");
        try (LocalServer server = LocalServer.start(stage.home, environment)) {
            CarrelClient client = BuildStage.client(server);
            build(client, "first", files, new Told());
            isElsewhere.accept(stage, client);

            assertThat(said(client, "first", "id -un; pwd; cat a link said /data/x"))
                    .isEqualTo("me\n/srv/app\nmade\nmade\nhello\nx");
            assertThat(said(client, "first", "stat -c %u:%g /data/x; command -v jq || echo gone"))
                    .isEqualTo("7:8\ngone\n");
            assertThat(said(client, "first", "ls /usr/share/perl5 | wc -l; ls /usr/share/moved"))
                    .startsWith("0\n")
                    .hasSizeGreaterThan(2);
            var again = new Told();
            build(client, "again", files, again);
            assertThat(again.cached()).hasSize(6);
            assertThat(client.sandboxes().list().data()).isEmpty();
        }
    }
}
