package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.Images.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImagesTest {
    @TempDir Path directory;

    @Test
    void newestVersionOfAnImageIsTheOneToStartFrom() throws IOException {
        place("coding", "aaaa", "2026-01-01T00:00:00Z");
        Path newest = place("coding", "bbbb", "2026-02-01T00:00:00Z");
        place("other", "cccc", "2026-03-01T00:00:00Z");

        assertThat(images().get("coding")).extracting(Image::root).isEqualTo(newest);
        assertThat(images().list()).extracting(Image::name).containsExactly("coding", "other");
    }

    @Test
    void halfBuiltAndDamagedFoldersAreNotImages() throws IOException {
        Files.createDirectories(directory.resolve("coding/.building-aaaa/root"));
        Files.createDirectories(directory.resolve("coding/bbbb/root"));
        place("coding", "cccc", "2026-01-01T00:00:00Z");
        Files.writeString(directory.resolve("coding/cccc/image.json"), "{");

        assertThat(images().list()).isEmpty();
    }

    @Test
    void versionsThatComeAndGoAreNoticed() throws IOException {
        Path first = place("coding", "aaaa", "2026-01-01T00:00:00Z");
        Path folder = directory.resolve("coding");
        Files.setLastModifiedTime(folder, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
        var images = images();
        assertThat(images.get("coding").root()).isEqualTo(first);
        assertThat(images.get("coding").root()).isEqualTo(first);

        Path second = place("coding", "bbbb", "2026-02-01T00:00:00Z");
        assertThat(images.get("coding").root()).isEqualTo(second);

        Files.move(folder.resolve("bbbb"), directory.resolve("gone"));
        assertThat(images.get("coding").root()).isEqualTo(first);
        Path third = place("coding", "cccc", "2026-03-01T00:00:00Z");
        assertThat(images.get("coding").root()).isEqualTo(third);
    }

    @Test
    void unknownImageNamesThoseThereAre() throws IOException {
        place("coding", "aaaa", "2026-01-01T00:00:00Z");

        for (String name : new String[] {"rust", "..", "a/b", ""}) {
            assertThatThrownBy(() -> images().get(name))
                    .isInstanceOfSatisfying(
                            CarrelException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.IMAGE_NOT_FOUND))
                    .hasMessageContaining("there are: coding");
        }
    }

    @Test
    void directoryNeedNotExist() {
        var images = new Images(directory.resolve("missing"));

        assertThat(images.list()).isEmpty();
        assertThatThrownBy(() -> images.get("coding")).hasMessageContaining("no image is built");
    }

    private Images images() {
        return new Images(directory);
    }

    private Path place(String name, String version, String builtAt) throws IOException {
        Path folder = directory.resolve(name).resolve(version);
        Path root = Files.createDirectories(folder.resolve("root"));
        BuiltImage.ofRecipe(root, 7, Instant.parse(builtAt)).write(folder);
        return root;
    }
}
