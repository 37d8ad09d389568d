package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.auth.Keys;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.FakeRegistry.Layer;
import dev.carrel.image.Images.Image;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Nothing in use goes; all that is not does, and its layers with it.
@Timeout(60)
class PruneIT {
    private static final Layer BASE = Layer.of(new LayerTar().file("base", "base"));
    private static final Layer TOP = Layer.of(new LayerTar().file("top", "top"));

    @TempDir Path top;
    private Path directory;
    private FakeRegistry registry;
    private Store store;
    private Images images;
    private ProjectImages project;

    @BeforeEach
    void open() throws IOException {
        directory = top.resolve("images");
        registry = new FakeRegistry();
        registry.put("a", "1", Map.of(), BASE);
        registry.put("b", "1", Map.of(), BASE, TOP);
        store = Store.open(top.resolve("carrel.db"));
        new Keys(store, InstantSource.system()).ensureDefaultProject();
        images = new Images(directory);
        project = new ProjectImages(images, store, RegistrySettings.NONE);
    }

    @AfterEach
    void close() {
        project.close();
        registry.close();
        store.close();
    }

    @Test
    void imagesInUseStayAndComeBackWhenTheyWent() throws Exception {
        String a = pin("a:1");
        Image b = images.get(pin("b:1"));
        Path user = Files.createDirectory(top.resolve("sandbox"));
        images.claim(a, user);
        assertThat(entry("a:1").usedBy()).isEqualTo(1);

        assertThat(project.prune(Duration.ZERO).images()).isEqualTo(1);

        assertThat(images.get(a).root().resolve("base")).hasContent("base");
        assertThat(b.root()).doesNotExist();
        assertThat(layer(BASE)).isDirectory();
        assertThat(layer(TOP)).doesNotExist();
        Files.delete(user);
        assertThat(project.prune(Duration.ZERO).images()).isEqualTo(1);
        assertThat(layer(BASE)).doesNotExist();
        assertThatThrownBy(() -> images.claim(a, top)).hasMessageContaining("not found");
        assertThat(images.get(pin("b:1")).root().resolve("top")).hasContent("top");
    }

    @Test
    void youngImagesStayUntilTheirTime() throws Exception {
        String a = pin("a:1");

        assertThat(project.prune(Duration.ofHours(1)).images()).isZero();
        assertThat(images.get(a)).isNotNull();
    }

    @Test
    void removedNamesFreeTheirImage() throws Exception {
        String a = pin("a:1");
        project.remove(Keys.DEFAULT_PROJECT, registry.host() + "/a:1");

        assertThatThrownBy(() -> entry("a:1")).hasMessageContaining("carrel images pull");
        assertThatThrownBy(() -> project.remove(Keys.DEFAULT_PROJECT, "nothing/x:1"))
                .hasMessageContaining("not here");
        assertThat(images.get(a)).as("files stay until they are pruned").isNotNull();
    }

    @Test
    void layersOfAPullUnderWayStay() throws Exception {
        pin("a:1");
        try (var _ = PullMark.make(directory)) {
            project.prune(Duration.ZERO);
            assertThat(layer(BASE)).isDirectory();
        }
        project.prune(Duration.ZERO);
        assertThat(layer(BASE)).doesNotExist();
    }

    @Test
    void whatDeadProcessesLeftGoes() throws Exception {
        pin("a:1");
        Files.createDirectories(directory.resolve(".layers/.half-lay_dead/root"));
        Files.createDirectories(directory.resolve(".store/.half-img_dead/root"));
        Files.createDirectories(directory.resolve(".removing-rem_dead"));
        Files.write(directory.resolve(".pull-pul_dead"), new byte[0]);

        project.prune(Duration.ofDays(1));

        assertThat(directory.resolve(".layers/.half-lay_dead")).doesNotExist();
        assertThat(directory.resolve(".store/.half-img_dead")).doesNotExist();
        assertThat(directory.resolve(".removing-rem_dead")).doesNotExist();
        assertThat(directory.resolve(".pull-pul_dead")).doesNotExist();
    }

    @Test
    void oldVersionsOfRecipesGoAndTheNewestStays() throws Exception {
        Path old = place("aaaa", Instant.now().minusSeconds(100));
        Path used = place("bbbb", Instant.now().minusSeconds(50));
        Path newest = place("cccc", Instant.now());
        images.claim(used, Files.createDirectory(top.resolve("sandbox")));

        assertThat(project.prune(Duration.ZERO)).isEqualTo(new ProjectImages.Pruned(1, 7));

        assertThat(old).doesNotExist();
        assertThat(used).isDirectory();
        assertThat(newest).isDirectory();
    }

    @Test
    void aProjectPrunesOnlyItsOwnAndNothingRecent() throws Exception {
        var other = new ProjectId("other");
        new Keys(store, InstantSource.system()).ensureProject(other);
        String a = pin("a:1");
        String b = pin("b:1");
        Duration hour = ProjectImages.UNUSED_DEFAULT;
        assertThat(project.prune(other, Duration.ZERO).images()).as("another's").isZero();
        assertThat(project.prune(Keys.DEFAULT_PROJECT, hour).images()).as("recent").isZero();
        age(a);
        age(b);
        project.pin(other, registry.host() + "/b:1");
        age(b);
        assertThat(project.prune(Keys.DEFAULT_PROJECT, hour).images()).isEqualTo(1);
        assertThat(images.get(b)).as("pulled by the other project").isNotNull();
        assertThatThrownBy(() -> images.get(a)).hasMessageContaining("not found");
    }

    private void age(String pinned) throws IOException {
        Instant then = Instant.now().minus(Duration.ofHours(2));
        Files.setLastModifiedTime(images.get(pinned).root().getParent(), FileTime.from(then));
        store.write(handle -> handle.execute("update images set created_at = ?", Micros.of(then)));
    }

    @Test
    void anImageOfARecipeIsNotRemoved() {
        assertThatThrownBy(() -> project.remove(Keys.DEFAULT_PROJECT, "coding"))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT));
    }

    @Test
    void nothingToPruneIsNoTrouble() {
        assertThat(project.prune(Duration.ZERO).images()).isZero();
    }

    private Path place(String version, Instant builtAt) throws IOException {
        Path folder = directory.resolve("coding").resolve(version);
        Path root = Files.createDirectories(folder.resolve("root"));
        BuiltImage.ofRecipe(root, 7, builtAt).write(folder);
        return root;
    }

    private String pin(String name) {
        return project.pin(Keys.DEFAULT_PROJECT, registry.host() + "/" + name);
    }

    private ImageEntry entry(String name) {
        return project.get(Keys.DEFAULT_PROJECT, registry.host() + "/" + name);
    }

    private Path layer(Layer layer) {
        return directory.resolve(".layers").resolve(Digest.of(layer.tar()).hex());
    }
}
