package dev.carrel.cli;

import static dev.carrel.cli.BuildStage.build;
import static dev.carrel.cli.BuildStage.context;
import static dev.carrel.cli.BuildStage.refusal;
import static dev.carrel.cli.BuildStage.said;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.cli.BuildStage.Told;
import dev.carrel.client.CarrelClient;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.LayerTar;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.BuildNote;
import dev.carrel.wire.BuildSettings;
import dev.carrel.wire.SandboxInfo;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
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

/// What Dockerfiles and contexts mean where they are less plain, and how builds end.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DockerfilesIT {
    private static final String SLOW =
            "FROM coding\nRUN echo up; while [ ! -e /go ]; do sleep 0.1; done\n";

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
        assertThat(stage.halves()).isEmpty();
    }

    @Test
    void argumentsReachStagesAsInDocker() {
        String dockerfile =
                """
                ARG V=global
                ARG W=global
                FROM coding AS a
                ARG V
                ARG W=own
                SHELL ["/bin/bash", "-c"]
                RUN [[ -n $V ]] && echo "$V $W ${X:-none}" > /a
                FROM a AS b
                ARG X=x
                RUN [[ -n $V ]] && echo "$V $W $X" > /b
                FROM coding
                COPY --from=b /a /b /
                RUN echo "${V:-none} ${W:-none}" > /c
                """;
        build(client, "arguments", context(dockerfile), new Told());
        assertThat(said(client, "arguments", "cat /a /b /c"))
                .isEqualTo("global own none\nglobal own x\nnone none\n");

        var given = BuildStage.arguments(Map.of("V", "given"));
        build(client, "arguments", context(dockerfile), given, new Told());
        assertThat(said(client, "arguments", "cat /a /b /c"))
                .isEqualTo("given own none\ngiven own x\nnone none\n");
    }

    private static LayerTar links(String dockerfile) {
        return context(dockerfile)
                .symlink("up", "../../etc")
                .symlink("abs", "/etc")
                .symlink("link", "dir")
                .file("etc/passwd", "own")
                .file("dir/real", "r")
                .symlink("venv/bin/python", "/usr/bin/python3");
    }

    @Test
    void linksOfContextsAreLinksAndLeadNowhereElse() {
        String dockerfile =
                """
                FROM coding
                COPY . /in/
                COPY abs/passwd /one
                COPY u*/passwd /two
                COPY link /three/
                COPY link/real /four
                COPY venv /venv
                """;
        build(client, "links", links(dockerfile), new Told());

        assertThat(said(client, "links", "cat /one /two /three/real /four")).isEqualTo("ownownrr");
        assertThat(said(client, "links", "readlink /in/up /in/abs /in/link /venv/bin/python"))
                .isEqualTo("../../etc\n/etc\ndir\n/usr/bin/python3\n");
        for (String source : List.of("abs/shadow", "up/shadow", "venv/bin/*", "abs/../../etc/x")) {
            CarrelException refused =
                    refusal(client, "refused", links("FROM coding\nCOPY " + source + " /x\n"));
            assertThat(refused.code()).as(source).isEqualTo(ErrorCode.INVALID_DEFINITION);
            assertThat(refused.text()).contains("line 2");
        }
    }

    @Test
    void dockerfileIsAFileOfTheContext() {
        build(
                client,
                "elsewhere",
                new LayerTar().file("a/x", "FROM coding\nENV A=b").symlink("f", "/a/x"),
                new BuildSettings("f", Map.of(), true, true),
                new Told());
        assertThat(said(client, "elsewhere", "echo $A")).isEqualTo("b\n");

        for (String path : List.of("../../../etc/passwd", "/etc/passwd", "out/passwd", "a", "")) {
            LayerTar tar = new LayerTar().file("a/x", "").symlink("out", "../../etc");
            var how = new BuildSettings(path, Map.of(), true, true);
            var refused =
                    catchThrowableOfType(
                            CarrelException.class,
                            () -> build(client, "refused", tar, how, new Told()));
            assertThat(refused.code()).as(path).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(refused.text()).contains("there is no " + path + " in the context");
        }
    }

    @Test
    void userMustBeThereAtTheEnd() {
        var absent = refusal(client, "refused", context("FROM coding\nENV A=b\nUSER nosuch"));
        assertThat(absent.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(absent.text()).contains("line 3", "USER nosuch");

        build(
                client,
                "users",
                context("FROM coding\nUSER nosuch\nUSER root\nRUN useradd me\nUSER me"),
                new Told());
        assertThat(said(client, "users", "id -un")).isEqualTo("me\n");
        build(client, "users", context("FROM coding\nUSER 4321:7"), new Told());
        assertThat(said(client, "users", "id -u; id -g")).isEqualTo("4321\n7\n");
    }

    @Test
    void whatIsNotKeptOrNotThereIsSaid() {
        var told = new Told();
        build(client, "noted", context("FROM coding\nCOPY --chmod=4755 Dockerfile /x"), told);
        assertThat(told.notes).extracting(BuildNote::line).containsExactly(2);
        assertThat(told.notes.getFirst().text()).contains("set-user-ID");
        assertThat(said(client, "noted", "stat -c %a /x")).isEqualTo("755\n");

        assertThat(
                        refusal(client, "refused", context("FROM coding\nCOPY --from=absent x /"))
                                .text())
                .contains("step 2 of 2", "line 2", "absent");
        var how = BuildStage.arguments(Map.of("A", "x\0y"));
        var refused =
                catchThrowableOfType(
                        CarrelException.class,
                        () ->
                                build(
                                        client,
                                        "refused",
                                        context("FROM coding\nARG A\nENV B=$A"),
                                        how,
                                        new Told()));
        assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(refused.text()).contains("NUL");
    }

    private List<SandboxInfo> sandboxesOf(String image) {
        return client.sandboxes().list().data().stream()
                .filter(box -> box.name().equals(Optional.of("build of " + image)))
                .toList();
    }

    @Test
    void aClientThatGoesEndsItsBuildWithoutAStreamToo() throws Exception {
        try (Socket socket = put("left", context(SLOW).bytes())) {
            Eventually.holds(() -> sandboxesOf("left").size() == 2);
            assertThat(refusal(client, "left", context("FROM coding")).code())
                    .isEqualTo(ErrorCode.CONFLICT);
            assertThat(socket.getInputStream().available()).isZero();
        }
        Eventually.holds(() -> sandboxesOf("left").isEmpty());

        try (Socket socket = put("left", context("FROM coding\nENV A=b").bytes())) {
            String answer =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 201").contains("\"name\":\"left\"");
        }
        try (Socket socket = put("left", context("FROM coding\nRUN exit 3").bytes())) {
            String answer =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).contains("build_failed", "exited with 3");
        }
    }

    private Socket put(String name, byte[] tar) throws IOException {
        var address = InetAddress.getLoopbackAddress();
        var socket = new Socket(address, URI.create(server.url()).getPort());
        socket.setSoTimeout(60_000);
        String head =
                "PUT /v1/images/%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                        + "Content-Type: application/gzip\r\nContent-Length: %d\r\n\r\n";
        socket.getOutputStream()
                .write(
                        head.formatted(name, server.key(), tar.length)
                                .getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(tar);
        return socket;
    }

    private void deleteIfThere(SandboxInfo box) {
        try {
            client.sandboxes().delete(box.id());
        } catch (CarrelException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.SANDBOX_NOT_FOUND);
        }
    }

    @Test
    void aProjectBuildsTwoImagesAtOnce() throws Exception {
        var running = new CountDownLatch(2);
        List<CompletableFuture<Void>> builds =
                List.of("one", "two").stream()
                        .map(name ->
                                CompletableFuture.runAsync(() ->
                                        build(
                                                client,
                                                name,
                                                context(SLOW + "ENV A=" + name),
                                                new BuildSettings(
                                                        "Dockerfile", Map.of(), false, true),
                                                new Told(text -> running.countDown()))))
                        .toList();
        assertThat(running.await(60, TimeUnit.SECONDS)).isTrue();

        assertThat(refusal(client, "three", context("FROM coding")).code())
                .isEqualTo(ErrorCode.RATE_LIMITED);

        // Without them the build ends, and takes along what is left.
        sandboxesOf("one").forEach(this::deleteIfThere);
        assertThat(
                        catchThrowableOfType(
                                Exception.class, () -> builds.getFirst().get(60, TimeUnit.SECONDS)))
                .hasCauseInstanceOf(CarrelException.class);
        build(client, "three", context("FROM coding\nENV A=three"), new Told());
        sandboxesOf("two")
                .forEach(box -> client.sandboxes().writeFile(box.id(), "/go", new byte[0]));
        builds.getLast().get(60, TimeUnit.SECONDS);
        assertThat(client.images().get("two").state()).isEqualTo("ready");
    }
}
