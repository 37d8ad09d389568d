package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.image.Images.Image;
import dev.carrel.image.Images.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ImagesIT {
    private static final Images IMAGES = new Images(Images.DIRECTORY_DEFAULT);
    private static final List<Progress> TOLD = Collections.synchronizedList(new ArrayList<>());
    private static Image coding;

    @BeforeAll
    static void build() {
        coding = IMAGES.build("coding", TOLD::add);
    }

    @Test
    void imageIsThereWithItsToolsAndItsSize() {
        for (String path :
                List.of("usr/bin/git", "usr/bin/python", "usr/bin/rg", "usr/local/bin/npm")) {
            assertThat(coding.root().resolve(path)).exists();
        }
        assertThat(coding.root().resolve("workspace")).isDirectory();
        assertThat(coding.sizeBytes()).isBetween(100L << 20, 1300L << 20);
        assertThat(IMAGES.get("coding")).isEqualTo(coding);
    }

    @Test
    void progressNeverGoesBack() {
        assertThat(TOLD).extracting(Progress::fraction).isSorted();
        if (!TOLD.isEmpty()) {
            assertThat(TOLD.getLast()).isEqualTo(new Progress(1, "done"));
        }
    }

    @Test
    void secondBuildDoesNothing() {
        List<Progress> told = new ArrayList<>();

        assertThat(IMAGES.build("coding", told::add)).isEqualTo(coding);
        assertThat(told).isEmpty();
        assertThat(IMAGES.isBuilt("coding")).isTrue();
    }

    @Test
    void noHalfIsLeftAndOnlyRootGetsIn() throws IOException {
        Path version = coding.root().resolve("..").normalize();
        try (Stream<Path> siblings = Files.list(version.resolve("..").normalize())) {
            assertThat(siblings).noneMatch(path -> path.toString().contains(".building-"));
        }
        assertThat(Files.getPosixFilePermissions(version))
                .isEqualTo(
                        Set.of(
                                PosixFilePermission.OWNER_READ,
                                PosixFilePermission.OWNER_WRITE,
                                PosixFilePermission.OWNER_EXECUTE));
    }

    @Test
    void nothingRaisesItsRightsButSuAndSudo() throws IOException {
        try (Stream<Path> files = Files.walk(coding.root().resolve("usr"))) {
            List<String> raising =
                    files.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
                            .filter(path -> (mode(path) & 06000) != 0)
                            .map(path -> path.getFileName().toString())
                            .toList();
            assertThat(raising).isSubsetOf("su", "sudo");
        }
    }

    @Test
    void buildSettingsOfTheHostAreGone() {
        assertThat(coding.root().resolve("etc/apt/apt.conf.d/99mmdebstrap")).doesNotExist();
        assertThat(coding.root().resolve("etc/resolv.conf")).isEmptyFile();
        assertThat(coding.root().resolve("files")).doesNotExist();
    }

    private static int mode(Path path) {
        try {
            return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
