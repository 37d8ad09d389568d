package dev.carrel.cli;

import static dev.carrel.cli.BuildStage.build;
import static dev.carrel.cli.BuildStage.context;
import static dev.carrel.cli.BuildStage.refusal;
import static dev.carrel.cli.BuildStage.said;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.cli.BuildStage.Told;
import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.LayerTar;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.BuildSettings;
import dev.carrel.wire.ImageInfo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Images out of Dockerfiles, through the API of a real server, seen from sandboxes of them.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ImageBuildIT {
    private static final String WHOLE =
            """
            ARG BASE=coding
            FROM $BASE AS tools
            RUN mkdir /out && printf '#!/bin/sh\\necho from-stage\\n' > /out/tool && ln -s tool /out/link

            FROM $BASE
            LABEL team="a b"
            ENV GREETING="hello world" PATH=/opt/tools:$PATH
            ARG WHO=nobody
            WORKDIR /srv/app
            COPY src/ ./
            COPY --from=tools --chmod=755 /out/ /opt/tools/
            COPY --chown=7:8 src/*.txt /data/
            RUN echo "$GREETING $WHO" > said && rm /usr/bin/jq && ln /srv/app/said /srv/app/twice
            RUN mv /usr/share/perl5 /usr/share/moved && mkdir /usr/share/perl5 && useradd app
            USER app
            CMD ["never"]
            """;

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

    @AfterEach
    void nothingIsLeft() throws Exception {
        Eventually.holds(() -> client.sandboxes().list().data().isEmpty());
        assertThat(client.snapshots().list(Optional.empty(), 10, Optional.empty()).data())
                .isEmpty();
        assertThat(stage.halves()).isEmpty();
    }

    private static LayerTar files(String dockerfile) {
        return context(dockerfile)
                .directory("src", 0755)
                .file("src/a.txt", "a")
                .file("src/b.txt", "b")
                .symlink("src/l", "a.txt");
    }

    @Test
    void instructionsAreSeenFromASandboxAndDoneOnce() {
        var told = new Told();
        ImageInfo image =
                build(
                        client,
                        "whole",
                        files(WHOLE),
                        BuildStage.arguments(Map.of("WHO", "me")),
                        told);

        assertThat(image.kind()).isEqualTo("built");
        assertThat(image.user()).contains("app");
        assertThat(image.workingDirectory()).contains("/srv/app");
        assertThat(image.labels()).isEqualTo(Map.of("team", "a b"));
        assertThat(told.notes)
                .singleElement()
                .satisfies(note -> {
                    assertThat(note.line()).isEqualTo(16);
                    assertThat(note.text()).contains("a sandbox runs what it is asked to");
                });
        assertThat(said(client, "whole", "id -un; pwd; tool; cat said twice; echo $GREETING"))
                .isEqualTo(
                        "app\n/srv/app\nfrom-stage\n"
                                + "hello world me\n".repeat(2)
                                + "hello world\n");
        assertThat(said(client, "whole", "stat -c %u:%g /data/* . ./l; readlink l; ls /context"))
                .startsWith("7:8\n7:8\n0:0\n0:0\na.txt\n")
                .contains("No such file");
        assertThat(said(client, "whole", "ls /usr/share/perl5 | wc -l; command -v jq || echo gone"))
                .isEqualTo("0\ngone\n");
        assertThat(said(client, "whole", "ls /usr/share/moved | wc -l")).isNotEqualTo("0\n");

        var again = new Told();
        ImageInfo same =
                build(
                        client,
                        "twice",
                        files(WHOLE),
                        BuildStage.arguments(Map.of("WHO", "me")),
                        again);
        assertThat(same.digest()).isEqualTo(image.digest());
        assertThat(again.cached()).containsExactly(3, 9, 10, 11, 12, 13, 14);
        client.images().remove("twice");
        var other = new Told();
        build(client, "whole", files(WHOLE).file("src/a.txt", "new"), other);
        assertThat(other.cached()).containsExactly(3, 9);
        assertThat(said(client, "whole", "cat a.txt said")).isEqualTo("newhello world nobody\n");
    }

    @Test
    void noCacheDoesEveryStepAnew() {
        var dockerfile =
                context("FROM coding\nRUN head -c 8 /dev/urandom | od -An -tx8 > /random\n");
        build(client, "random", dockerfile, new Told());
        String first = said(client, "random", "cat /random");
        var told = new Told();
        build(
                client,
                "random",
                dockerfile,
                new BuildSettings("Dockerfile", Map.of(), false, false),
                told);

        assertThat(told.cached()).isEmpty();
        assertThat(said(client, "random", "cat /random")).isNotEqualTo(first);
    }

    @Test
    void failedStepSaysWhichAndWhyAndKeepsTheOnesBefore() {
        String dockerfile =
                "FROM coding\nRUN echo one > /one\n# why\nRUN echo broken >&2; exit 3\n";

        CarrelException refused = refusal(client, "broken", context(dockerfile));

        assertThat(refused.code()).isEqualTo(ErrorCode.BUILD_FAILED);
        assertThat(refused.text())
                .contains("step 3 of 3", "line 4", "exit 3", "exited with 3", "broken");
        assertThat(client.images().list().data()).noneMatch(i -> i.name().equals("broken"));
        var told = new Told();
        build(client, "broken", context(dockerfile.replace("exit 3", "true")), told);
        assertThat(told.cached()).containsExactly(2);
    }

    @Test
    void whatCannotBeBuiltIsRefused() {
        Map<String, ErrorCode> dockerfiles =
                Map.of(
                        "FROM coding\nRUNN x", ErrorCode.INVALID_DEFINITION,
                        "FROM absent", ErrorCode.IMAGE_NOT_FOUND,
                        "FROM coding\nCOPY absent /", ErrorCode.INVALID_DEFINITION,
                        "FROM coding\nCOPY ../x /", ErrorCode.INVALID_DEFINITION,
                        "FROM coding\nCOPY --from=absent x /", ErrorCode.IMAGE_NOT_FOUND,
                        "FROM coding\nUSER nobody-there\nRUN id", ErrorCode.INVALID_REQUEST,
                        "FROM coding\nCOPY Dockerfile /proc/x", ErrorCode.INVALID_PATH,
                        "FROM coding\nRUN truncate -s 11G /big", ErrorCode.IMAGE_INVALID);
        dockerfiles.forEach((dockerfile, code) ->
                assertThat(refusal(client, "refused", context(dockerfile)).code())
                        .as(dockerfile)
                        .isEqualTo(code));
        assertThat(refusal(client, "refused", new LayerTar().file("x", "")).text())
                .contains("no Dockerfile in the context");
        assertThat(refusal(client, "coding", context("FROM coding")).code())
                .isEqualTo(ErrorCode.CONFLICT);
        assertThat(refusal(client, "a:b", context("FROM coding")).code())
                .isEqualTo(ErrorCode.INVALID_REQUEST);
    }

    @Test
    void hostileContextsAreRefusedByName() {
        Map<String, LayerTar> contexts =
                Map.of(
                        "../out", context("FROM coding").file("../out", ""),
                        "/abs", context("FROM coding").file("/abs", ""),
                        "hard", context("FROM coding").hardLink("hard", "../../etc/passwd"),
                        "device",
                                context("FROM coding").entry('3', "device", "", 0666, new byte[0]),
                        "pipe", context("FROM coding").entry('6', "pipe", "", 0666, new byte[0]));
        contexts.forEach((name, tar) -> {
            CarrelException refused = refusal(client, "hostile", tar);
            assertThat(refused.code()).as(name).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refused.text()).containsAnyOf("\"" + name + "\"", "a hard link");
        });
    }

    @Test
    void hostileStepsLeaveNothingDangerous() throws Exception {
        String dockerfile =
                """
                FROM coding
                RUN cp /bin/true /suid && chmod 6755 /suid && mkfifo /pipe && echo x > /.wh.etc
                RUN python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('/socket')"
                RUN ln -s /etc/shadow /leak && rm -rf /etc/resolv.conf && ln -s /leak /etc/resolv.conf
                RUN sleep 1000 & echo started
                """;
        ImageInfo image = build(client, "hostile", context(dockerfile), new Told());

        Path root = stage.folder(image).resolve("root");
        assertThat(Files.getAttribute(root.resolve("suid"), "unix:mode")).isEqualTo(0100755);
        assertThat(root.resolve("pipe")).doesNotExist();
        assertThat(root.resolve("socket")).doesNotExist();
        assertThat(root.resolve("etc/passwd")).exists();
        assertThat(Files.isSymbolicLink(root.resolve("etc/resolv.conf"))).isFalse();
        assertThat(said(client, "hostile", "pgrep sleep; cat /etc/resolv.conf"))
                .contains("nameserver")
                .doesNotMatch("(?s)^[0-9].*");
    }

    @Test
    void oneNameIsBuiltByOneAtATime() throws Exception {
        var running = new CountDownLatch(1);
        String dockerfile = "FROM coding\nRUN echo up; while [ ! -e /go ]; do sleep 0.1; done\n";
        var first =
                CompletableFuture.runAsync(() ->
                        build(
                                client,
                                "slow",
                                context(dockerfile),
                                new Told(text -> running.countDown())));
        assertThat(running.await(60, TimeUnit.SECONDS)).isTrue();

        CarrelException refused = refusal(client, "slow", context("FROM coding"));

        assertThat(refused.code()).isEqualTo(ErrorCode.CONFLICT);
        client.sandboxes().list().data().stream()
                .filter(box -> box.name().equals(Optional.of("build of slow")))
                .forEach(box -> client.sandboxes().writeFile(box.id(), "/go", new byte[0]));
        first.get(60, TimeUnit.SECONDS);
        assertThat(client.images().get("slow").state()).isEqualTo("ready");
    }

    @Test
    void commandLineBuildsAFolder(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve(".dockerignore"), "secret\n");
        Files.writeString(folder.resolve("secret"), "x");
        Path script = Files.writeString(folder.resolve("run.sh"), "#!/bin/sh\necho ran\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        Path dockerfile =
                Files.writeString(
                        folder.resolve("Other"),
                        "FROM coding\nARG A\nCOPY . /in/\nRUN /in/run.sh > /said; echo $A >> /said");
        List<String> words =
                List.of(
                        "image",
                        "build",
                        "-t",
                        "cli",
                        "-f",
                        dockerfile.toString(),
                        "--build-arg",
                        "A=b",
                        "--url",
                        server.url(),
                        "--key",
                        server.key(),
                        folder.toString());

        assertThat(Main.run(words.toArray(String[]::new))).isZero();

        assertThat(said(client, "cli", "cat /said; ls -A /in"))
                .isEqualTo("ran\nb\n.dockerignore\nOther\nrun.sh\n");
        assertThat(Main.run("image", "build", folder.toString())).isEqualTo(2);
    }
}
