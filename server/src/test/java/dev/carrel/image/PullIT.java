package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.carrel.auth.Keys;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.FakeRegistry.Layer;
import dev.carrel.image.ImageEntry.Kind;
import dev.carrel.image.Images.Image;
import dev.carrel.image.Images.Progress;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// Pulling from a registry on this machine that behaves as it should, and from one that does not.
@Timeout(20)
class PullIT {
    private static final Layer BASE =
            Layer.of(new LayerTar().directory("etc", 0755).file("etc/base", "base"));
    private static final Layer TOP = Layer.of(new LayerTar().file("top", "top"));

    @TempDir Path top;
    private FakeRegistry registry;
    private Store store;
    private Images images;
    private ProjectImages project;
    private final ProjectId ours = Keys.DEFAULT_PROJECT;
    private final ProjectId theirs = new ProjectId("prj_theirs");

    @BeforeEach
    void open() throws IOException {
        registry = new FakeRegistry();
        store = Store.open(top.resolve("carrel.db"));
        var keys = new Keys(store, InstantSource.system());
        keys.ensureProject(ours);
        keys.ensureProject(theirs);
        images = new Images(top.resolve("images"));
        project = new ProjectImages(images, store, RegistrySettings.NONE);
    }

    @AfterEach
    void close() {
        project.close();
        registry.close();
        store.close();
    }

    @Test
    void imageIsPulledOncePinnedAndListed() throws Exception {
        Digest digest =
                registry.put(
                        "team/x",
                        "1",
                        Map.of(
                                "Env",
                                List.of("A=b", "PATH=/opt:/bin", "bad name=x"),
                                "User",
                                "app",
                                "WorkingDir",
                                "/srv",
                                "Entrypoint",
                                List.of("/never")),
                        BASE,
                        TOP);
        String name = registry.host() + "/team/x:1";
        List<Progress> told = new ArrayList<>();

        ImageEntry entry = project.pull(ours, name, Optional.empty(), told::add);

        Image image = entry.image().orElseThrow();
        assertThat(entry.kind()).isEqualTo(Kind.PULLED);
        assertThat(image.digest()).isEqualTo(digest.toString());
        assertThat(image.config())
                .isEqualTo(
                        new ImageConfig(
                                Map.of("A", "b", "PATH", "/opt:/bin"), "app", "/srv", Map.of()));
        assertThat(image.root().resolve("etc/base")).hasContent("base");
        assertThat(image.root().resolve("workspace")).isDirectory();
        assertThat(told).extracting(Progress::fraction).isSorted().last().isEqualTo(1.0);
        long calls = registry.calls.size();
        assertThat(project.pin(ours, name)).isEqualTo(name + "@" + digest);
        assertThat(registry.calls).as("a tag that is here asks nobody").hasSize((int) calls);
        assertThat(images.get(name + "@" + digest).root()).isEqualTo(image.root());
        assertThat(project.list(ours)).extracting(ImageEntry::name).contains(name, "coding");
    }

    @Test
    void sandboxesPullWhatIsNotHere() throws Exception {
        Digest digest = registry.put("x", "latest", Map.of(), BASE);

        assertThat(project.pin(ours, registry.host() + "/x"))
                .isEqualTo(registry.host() + "/x:latest@" + digest);
        assertThat(project.pin(ours, registry.host() + "/x@" + digest))
                .isEqualTo(registry.host() + "/x@" + digest);
    }

    @Test
    void layersAreSharedAndOnlyNewOnesAreFetched() throws Exception {
        registry.put("a", "1", Map.of(), BASE);
        registry.put("b", "1", Map.of(), BASE, TOP);
        Image a = pull("a:1");
        Image b = pull("b:1");

        assertThat(registry.callsFor(Digest.of(BASE.sent()).toString())).isEqualTo(1);
        assertThat(Files.getAttribute(a.root().resolve("etc/base"), "unix:ino"))
                .isEqualTo(Files.getAttribute(b.root().resolve("etc/base"), "unix:ino"));
    }

    @Test
    void manyAtOncePullOnce() throws Exception {
        registry.put("x", "1", Map.of(), BASE, TOP);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 16; i++) {
                threads.submit(() -> project.pin(ours, registry.host() + "/x:1"));
            }
        }
        assertThat(registry.callsFor("blobs/" + Digest.of(TOP.sent()))).isEqualTo(1);
        assertThat(halves()).isEmpty();
    }

    @Test
    void platformOfTheHostIsTaken() throws Exception {
        Digest mine = registry.put("x", "mine", Map.of(), TOP);
        Digest index =
                registry.putIndex(
                        "x",
                        "1",
                        Map.of("linux/" + FakeRegistry.architecture(), mine, "linux/s390x", mine));
        registry.putIndex("x", "other", Map.of("linux/s390x", mine, "windows/amd64", mine));

        assertThat(pull("x:1").digest()).isEqualTo(index.toString());
        assertThat(refusal("x:other").text()).contains("linux/s390x, windows/amd64");
    }

    @Test
    void credentialsAreUsedAndGiveNobodyElseTheImage() throws Exception {
        registry.put("x", "1", Map.of(), BASE);
        for (String kind : List.of("basic", "bearer")) {
            registry.auth = kind;
            CarrelException without = refusal("x:1");
            assertThat(without.code()).isEqualTo(ErrorCode.IMAGE_PULL_DENIED);
            var wrong = new Credentials(FakeRegistry.USER, "no");
            assertThat(refusal("x:1", Optional.of(wrong)).code())
                    .isEqualTo(ErrorCode.IMAGE_PULL_DENIED);
        }
        var right = new Credentials(FakeRegistry.USER, FakeRegistry.PASSWORD);
        String name = registry.host() + "/x:1";
        project.pull(ours, name, Optional.of(right), progress -> {});

        assertThat(project.pin(ours, name)).startsWith(name);
        CarrelException stranger =
                catchThrowableOfType(CarrelException.class, () -> project.pin(theirs, name));
        assertThat(stranger.code()).isEqualTo(ErrorCode.IMAGE_PULL_DENIED);
        String pinned = project.pin(ours, name);
        assertThat(catchThrowableOfType(CarrelException.class, () -> project.pin(theirs, pinned)))
                .isNotNull();
        try (Stream<Path> files = Files.walk(top)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain(FakeRegistry.PASSWORD);
            }
        }
    }

    @Test
    void operatorsCredentialsServeWhoHasNone() throws Exception {
        registry.auth = "basic";
        registry.put("x", "1", Map.of(), BASE);
        var settings =
                new RegistrySettings(
                        Map.of(
                                registry.host(),
                                new Credentials(FakeRegistry.USER, FakeRegistry.PASSWORD)),
                        java.util.Set.of());
        try (var operated = new ProjectImages(images, store, settings)) {
            assertThat(operated.pin(ours, registry.host() + "/x:1")).contains("sha256");
        }
    }

    @Test
    void otherBytesThanPromisedAreRefusedAndLeaveNothing() throws Exception {
        registry.put("x", "1", Map.of(), BASE);
        String blob = Digest.of(BASE.sent()).toString();
        byte[] evil = LayerTar.gzip(new LayerTar().file("etc/evil", "evil").bytes());
        registry.troubles.put(
                blob,
                (call, body) -> {
                    call.sendResponseHeaders(200, body.length);
                    call.getResponseBody().write(Arrays.copyOf(evil, body.length));
                    return true;
                });
        var logged = new ListAppender<ILoggingEvent>();
        var log = (Logger) LoggerFactory.getLogger(Pulls.class);
        logged.start();
        log.addAppender(logged);
        try {
            assertThat(refusal("x:1").code()).isEqualTo(ErrorCode.IMAGE_INVALID);
        } finally {
            log.detachAppender(logged);
        }
        assertThat(logged.list)
                .singleElement()
                .satisfies(entry -> assertThat(entry.getThrowableProxy()).isNull());
        assertThat(halves()).isEmpty();
        assertThat(registry.callsFor("blobs/" + blob)).isEqualTo(ImagePull.ATTEMPTS);
    }

    @Test
    void contentMustFitItsOwnDigestToo() throws Exception {
        registry.put("x", "1", Map.of(), new Layer(FakeRegistry.LAYER, TOP.sent(), BASE.tar()));

        assertThat(refusal("x:1").text()).contains("does not hold");
        assertThat(halves()).isEmpty();
    }

    @Test
    void aLayerThatBreaksOffIsTriedAgain() throws Exception {
        registry.put("x", "1", Map.of(), BASE);
        var failures = new AtomicInteger();
        registry.troubles.put(
                "blobs/" + Digest.of(BASE.sent()),
                (call, body) -> {
                    if (failures.incrementAndGet() > 2) {
                        return false;
                    }
                    call.sendResponseHeaders(200, body.length);
                    call.getResponseBody().write(body, 0, 20);
                    return true; // closed early
                });

        assertThat(pull("x:1").root().resolve("etc/base")).hasContent("base");
        assertThat(failures).hasValue(3);
    }

    @Test
    void aManifestByDigestMustBeThatOne() throws Exception {
        registry.put("x", "1", Map.of(), BASE);
        Digest other = registry.put("x", "2", Map.of(), TOP);
        registry.troubles.put(
                "manifests/" + other,
                (call, body) -> {
                    byte[] lie = "{}".getBytes(StandardCharsets.UTF_8);
                    call.sendResponseHeaders(200, lie.length);
                    call.getResponseBody().write(lie);
                    return true;
                });

        assertThat(refusal("x@" + other).text()).contains("another manifest");
    }

    @Test
    void bombsEndAtTheLimit() throws Exception {
        var zeros = new byte[64 << 20];
        Layer bomb = Layer.of(new LayerTar().entry('0', "zeros", "", 0644, zeros));
        assertThat(bomb.sent().length).isLessThan(1 << 20);
        var budget = new PullBudget(top, 32L << 20, 10);
        var layers = new LayerStore(top.resolve("layers"));
        var descriptor = new Descriptor(bomb.type(), Digest.of(bomb.sent()), bomb.sent().length);

        assertThat(
                        catchThrowableOfType(
                                CarrelException.class,
                                () ->
                                        layers.add(
                                                descriptor,
                                                Digest.of(bomb.tar()),
                                                new java.io.ByteArrayInputStream(bomb.sent()),
                                                budget,
                                                got -> {})))
                .hasMessageContaining("limit");
        assertThat(top.resolve("layers")).isEmptyDirectory();
    }

    @Test
    void strangeManifestsAreRefused() throws Exception {
        registry.manifest("x", "text", "not json".getBytes(StandardCharsets.UTF_8));
        registry.manifest("x", "old", "{\"schemaVersion\":1}".getBytes(StandardCharsets.UTF_8));
        registry.manifest("x", "big", new byte[Registry.MANIFEST_BYTES_MAX + 1]);
        registry.put("x", "type", Map.of(), new Layer("text/plain", BASE.sent(), BASE.tar()));

        for (String tag : List.of("text", "old", "big", "type")) {
            assertThat(refusal("x:" + tag).code()).as(tag).isEqualTo(ErrorCode.IMAGE_INVALID);
        }
        assertThat(refusal("x:none").code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
        assertThat(refusal("y/z:none").code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
    }

    @Test
    void redirectionsLeadNeitherToThisMachineNorTakeTheKeyAlong() throws Exception {
        registry.put("x", "1", Map.of(), BASE);
        try (var other = new FakeRegistry()) {
            registry.troubles.put(
                    "blobs/",
                    (call, body) -> {
                        call.getResponseHeaders().add("Location", other.url() + "/stolen");
                        call.sendResponseHeaders(307, -1);
                        return true;
                    });
            assertThat(refusal("x:1").code()).isEqualTo(ErrorCode.REGISTRY_UNAVAILABLE);
            assertThat(other.calls).isEmpty();
            registry.troubles.clear();
            registry.auth = "Bearer realm=\"" + other.url() + "/token\",service=\"x\"";
            var credentials = Optional.of(new Credentials("ann", "hunter2"));
            assertThat(refusal("x:1", credentials).code())
                    .isEqualTo(ErrorCode.REGISTRY_UNAVAILABLE);
            assertThat(other.calls).isEmpty();
        }
    }

    @Test
    void aRegistryThatIsNotThereIsNamed() {
        registry.close();

        CarrelException refusal = refusal("x:1");
        assertThat(refusal.code()).isEqualTo(ErrorCode.REGISTRY_UNAVAILABLE);
        assertThat(refusal.text()).contains(registry.host());
    }

    @Test
    void zstdLayersWork() throws Exception {
        var packed = new java.io.ByteArrayOutputStream();
        try (var zstd = new io.airlift.compress.v3.zstd.ZstdOutputStream(packed)) {
            zstd.write(TOP.tar());
        }
        String type = "application/vnd.oci.image.layer.v1.tar+zstd";
        registry.put("x", "1", Map.of(), new Layer(type, packed.toByteArray(), TOP.tar()));

        assertThat(pull("x:1").root().resolve("top")).hasContent("top");
    }

    private Image pull(String name) throws InterruptedException {
        return project.pull(ours, registry.host() + "/" + name, Optional.empty(), progress -> {})
                .image()
                .orElseThrow();
    }

    private CarrelException refusal(String name) {
        return refusal(name, Optional.empty());
    }

    private CarrelException refusal(String name, Optional<Credentials> credentials) {
        return catchThrowableOfType(
                CarrelException.class,
                () ->
                        project.pull(
                                ours, registry.host() + "/" + name, credentials, progress -> {}));
    }

    private List<String> halves() throws IOException {
        try (Stream<Path> files = Files.walk(top.resolve("images"), 2)) {
            return files.map(path -> path.getFileName().toString())
                    .filter(name -> name.startsWith(".half-"))
                    .toList();
        }
    }
}
