package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.auth.Keys;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.FakeRegistry.Layer;
import dev.carrel.image.Images.Image;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Projects share files and not the permission to use them; images share layers and no digest.
@Timeout(20)
class SharedLayersIT {
    private static final Layer SECRET = Layer.of(new LayerTar().file("secret", "of ours"));

    @TempDir Path top;
    private FakeRegistry registry;
    private Store store;
    private ProjectImages images;
    private final ProjectId ours = Keys.DEFAULT_PROJECT;
    private final ProjectId theirs = new ProjectId("prj_theirs");

    @BeforeEach
    void open() throws IOException {
        registry = new FakeRegistry();
        store = Store.open(top.resolve("carrel.db"));
        var keys = new Keys(store, InstantSource.system());
        keys.ensureProject(ours);
        keys.ensureProject(theirs);
        images = new ProjectImages(new Images(top.resolve("images")), store, RegistrySettings.NONE);
    }

    @AfterEach
    void close() {
        images.close();
        registry.close();
        store.close();
    }

    @Test
    void aLayerOfAnotherProjectIsNotHadByItsDigest() throws Exception {
        registry.put("x", "1", Map.of(), SECRET);
        pull(ours, "x:1");
        var nothing = new Layer(FakeRegistry.LAYER, new byte[] {1, 2, 3}, SECRET.tar());
        registry.put("evil", "1", Map.of(), nothing);

        assertThat(refusal(theirs, "evil:1").code()).isEqualTo(ErrorCode.IMAGE_INVALID);

        registry.troubles.put("blobs/" + Digest.of(nothing.sent()), FakeRegistry.MISSING);
        assertThat(refusal(theirs, "evil:1").code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
        assertThat(images.list(theirs)).noneMatch(image -> image.name().contains("evil"));
    }

    @Test
    void anImageOfAnotherProjectIsNotHadByItsManifest() throws Exception {
        registry.put("x", "1", Map.of(), SECRET);
        pull(ours, "x:1");
        registry.troubles.put("blobs/" + Digest.of(SECRET.sent()), FakeRegistry.MISSING);

        assertThat(refusal(theirs, "x:1").code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
        assertThat(pull(ours, "x:1").root().resolve("secret")).hasContent("of ours");
    }

    @Test
    void whoHasDownloadedALayerSharesItsFiles() throws Exception {
        registry.put("x", "1", Map.of(), SECRET);
        registry.put("y", "1", Map.of(), SECRET, Layer.of(new LayerTar().file("more", "")));
        Image first = pull(ours, "x:1");
        Image second = pull(theirs, "y:1");

        assertThat(registry.callsFor("blobs/" + Digest.of(SECRET.sent()))).isEqualTo(2);
        assertThat(Files.getAttribute(first.root().resolve("secret"), "unix:ino"))
                .isEqualTo(Files.getAttribute(second.root().resolve("secret"), "unix:ino"));
        assertThat(pull(theirs, "x:1").root()).isEqualTo(first.root());
        assertThat(registry.callsFor("blobs/" + Digest.of(SECRET.sent()))).isEqualTo(2);
    }

    @Test
    void aLayerThatCameIsNotFetchedAgainAfterTheImageFailed() throws Exception {
        Layer top = Layer.of(new LayerTar().file("top", ""));
        registry.put("x", "1", Map.of(), SECRET, top);
        registry.troubles.put("blobs/" + Digest.of(top.sent()), FakeRegistry.MISSING);
        assertThat(refusal(ours, "x:1").code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND);
        registry.put("y", "1", Map.of(), SECRET);
        pull(ours, "y:1");

        registry.troubles.clear();
        pull(ours, "x:1");

        assertThat(registry.callsFor("blobs/" + Digest.of(SECRET.sent()))).isEqualTo(1);
    }

    @Test
    void sizesBeyondAllLimitsAreRefused() throws Exception {
        registry.put("x", "1", Map.of(), SECRET);
        pull(ours, "x:1");
        String size = "\"size\":" + SECRET.sent().length;
        String manifest = registry.manifest("x", "1").replace(size, "\"size\":" + (1L << 60));
        registry.manifest("x", "2", manifest.getBytes(StandardCharsets.UTF_8));

        assertThat(refusal(ours, "x:2").text()).contains("a layer has more than");
    }

    @Test
    void namesThatAreTooLongAreSaid() throws Exception {
        registry.put(
                "x",
                "1",
                Map.of(),
                Layer.of(new LayerTar().pax("path", "n".repeat(300)).file("y", "")));

        assertThat(refusal(ours, "x:1").text()).contains("a name or a link that is too long");
    }

    @Test
    void imagesThatDifferHaveDigestsThatDiffer() throws Exception {
        registry.put("base", "1", Map.of(), SECRET);
        pull(ours, "base:1");
        List<ImageConfig> configs =
                List.of(
                        env(Map.of("A", "1, SAFE=yes")),
                        env(Map.of("A", "1", "SAFE", "yes")),
                        new ImageConfig(Map.of(), "u", "", Map.of()),
                        new ImageConfig(Map.of(), "", "u", Map.of()),
                        new ImageConfig(Map.of("A", "1"), "", "", Map.of()),
                        new ImageConfig(Map.of(), "", "", Map.of("A", "1")),
                        new ImageConfig(Map.of(), "", "", Map.of("A", "1, B=2")),
                        new ImageConfig(Map.of(), "", "", Map.of("A", "1", "B", "2")));
        Set<String> digests = new HashSet<>();
        for (ImageConfig config : configs) {
            Image made = commit(config);
            digests.add(made.digest());
            assertThat(made.config()).isEqualTo(config);
        }
        assertThat(digests).hasSameSizeAs(configs);
        assertThat(commit(configs.getFirst()).digest()).isIn(digests);
    }

    private static ImageConfig env(Map<String, String> variables) {
        return new ImageConfig(variables, "", "", Map.of());
    }

    private Image commit(ImageConfig config) {
        String base = images.pin(ours, registry.host() + "/base:1");
        return images.commit(ours, "made", base, Optional.empty(), 1 << 20, config)
                .image()
                .orElseThrow();
    }

    private Image pull(ProjectId project, String name) throws InterruptedException {
        return images.pull(project, registry.host() + "/" + name, Optional.empty(), progress -> {})
                .image()
                .orElseThrow();
    }

    private CarrelException refusal(ProjectId project, String name) {
        var refused = catchThrowableOfType(CarrelException.class, () -> pull(project, name));
        assertThat(refused).as("refused").isNotNull();
        return refused;
    }
}
