package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.auth.Keys;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.FakeRegistry.Layer;
import dev.carrel.process.HostCommand;
import dev.carrel.store.Store;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Pulling from the registry that everybody runs, where it is installed: without a password and
/// with one.
@Timeout(60)
class RegistryIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Credentials ANN = new Credentials("ann", "hunter2");
    private static final String HTPASSWD =
            "ann:$2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm\n";
    private static final Layer BASE =
            Layer.of(new LayerTar().directory("etc", 0755).file("etc/a", "a").file("etc/b", "b"));
    private static final Layer TOP =
            Layer.of(new LayerTar().file("etc/.wh.a", "").file("etc/c", "c"));

    @TempDir Path top;
    private Store store;
    private ProjectImages images;
    private Process server;
    private String host = "";
    private boolean signsIn;

    @BeforeEach
    void open() {
        Assumptions.assumeTrue(HostCommand.find("docker-registry").isPresent());
        store = Store.open(top.resolve("carrel.db"));
        new Keys(store, InstantSource.system()).ensureDefaultProject();
        images = new ProjectImages(new Images(top.resolve("images")), store, RegistrySettings.NONE);
    }

    @AfterEach
    void close() throws InterruptedException {
        if (server != null) {
            server.destroyForcibly();
            assertThat(server.waitFor(10, TimeUnit.SECONDS)).isTrue();
            images.close();
            store.close();
        }
    }

    @Test
    void imagesComeByTagAndByDigest() throws Exception {
        serve("");
        String digest = push("team/x", "1", BASE, TOP);

        Images.Image image = pull("team/x:1", Optional.empty());
        assertThat(image.digest()).isEqualTo(digest);
        assertThat(image.root().resolve("etc/a")).doesNotExist();
        assertThat(image.root().resolve("etc/b")).hasContent("b");
        assertThat(image.root().resolve("etc/c")).hasContent("c");
        assertThat(pull("team/x@" + digest, Optional.empty()).root()).isEqualTo(image.root());
        assertThat(refusal("team/x:2").code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
    }

    @Test
    void passwordsAreAskedForAndTaken() throws Exception {
        Path users = Files.writeString(top.resolve("htpasswd"), HTPASSWD);
        signsIn = true;
        serve("auth: {htpasswd: {realm: test, path: %s}}%n".formatted(users));
        push("team/x", "1", BASE);

        assertThat(refusal("team/x:1").code()).isEqualTo(ErrorCode.IMAGE_PULL_DENIED);
        assertThat(pull("team/x:1", Optional.of(ANN)).root().resolve("etc/a")).hasContent("a");
    }

    private Images.Image pull(String name, Optional<Credentials> credentials)
            throws InterruptedException {
        return images.pull(Keys.DEFAULT_PROJECT, host + "/" + name, credentials, progress -> {})
                .image()
                .orElseThrow();
    }

    private CarrelException refusal(String name) {
        return catchThrowableOfType(CarrelException.class, () -> pull(name, Optional.empty()));
    }

    /// Returns when it listens, which its log says.
    private void serve(String more) throws IOException {
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            host = "127.0.0.1:" + free.getLocalPort();
        }
        String config =
                """
                version: 0.1
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: %s}
                """
                        .formatted(top.resolve("data"), host);
        Path file = Files.writeString(top.resolve("config.yml"), config + more);
        server =
                new ProcessBuilder("docker-registry", "serve", file.toString())
                        .redirectErrorStream(true)
                        .start();
        var log =
                new BufferedReader(
                        new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
        String line = log.readLine();
        while (line != null && !line.contains("listening on")) {
            line = log.readLine();
        }
        assertThat(line).as("the registry listens").isNotNull();
        Thread.startVirtualThread(() -> log.lines().forEach(said -> {}));
    }

    private String push(String repository, String tag, Layer... layers) throws Exception {
        ObjectNode configuration = JSON.createObjectNode().put("os", "linux");
        configuration.put("architecture", FakeRegistry.architecture()).putObject("config");
        ArrayNode contents =
                configuration.putObject("rootfs").put("type", "layers").putArray("diff_ids");
        ObjectNode manifest = JSON.createObjectNode().put("schemaVersion", 2);
        manifest.put("mediaType", FakeRegistry.MANIFEST);
        ArrayNode list = JSON.createArrayNode();
        for (Layer layer : layers) {
            contents.add(Digest.of(layer.tar()).toString());
            list.add(upload(repository, layer.type(), layer.sent()));
        }
        String type = "application/vnd.oci.image.config.v1+json";
        manifest.set("config", upload(repository, type, JSON.writeValueAsBytes(configuration)));
        manifest.set("layers", list);
        byte[] bytes = JSON.writeValueAsBytes(manifest);
        String path = "/v2/" + repository + "/manifests/" + tag;
        assertThat(send("PUT", path, bytes, FakeRegistry.MANIFEST).statusCode()).isEqualTo(201);
        return Digest.of(bytes).toString();
    }

    private ObjectNode upload(String repository, String type, byte[] bytes) throws Exception {
        String start = "/v2/" + repository + "/blobs/uploads/";
        String location =
                send("POST", start, new byte[0], "text/plain")
                        .headers()
                        .firstValue("Location")
                        .orElseThrow();
        Digest digest = Digest.of(bytes);
        String place = location + (location.contains("?") ? "&" : "?") + "digest=" + digest;
        assertThat(send("PUT", place, bytes, "application/octet-stream").statusCode())
                .isEqualTo(201);
        return JSON.createObjectNode()
                .put("mediaType", type)
                .put("digest", digest.toString())
                .put("size", bytes.length);
    }

    private HttpResponse<Void> send(String method, String path, byte[] body, String type)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://" + host).resolve(path))
                        .header("Content-Type", type)
                        .method(method, BodyPublishers.ofByteArray(body));
        if (signsIn) {
            request.header("Authorization", ANN.basic());
        }
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(request.build(), BodyHandlers.discarding());
        }
    }
}
