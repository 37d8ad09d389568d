package dev.carrel.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Layers on a real file system, friendly and hostile. Owners take root.
class LayersIT {
    @TempDir Path top;
    private Path outside;
    private int count;
    private final List<Path> layers = new ArrayList<>();
    private final List<LayerNotes> notes = new ArrayList<>();

    @BeforeEach
    void guard() throws IOException {
        outside = Files.createDirectory(top.resolve("outside"));
        Files.writeString(outside.resolve("secret"), "untouched");
    }

    @Test
    void filesFoldersLinksOwnersTimesAndModesAreAsWritten() throws IOException {
        Path root =
                unpack(
                        new LayerTar()
                                .directory("etc/", 0750)
                                .file("./etc/a", "one")
                                .hardLink("etc/b", "etc/a")
                                .symlink("etc/c", "/etc/a")
                                .entry('0', "/abs", "", 0600, 1000, new byte[3])
                                .pax("path", "long/" + "x".repeat(200))
                                .file("ignored", "deep"));

        assertThat(root.resolve("etc/b")).hasContent("one");
        assertThat(Files.getAttribute(root.resolve("etc/a"), "unix:nlink")).isEqualTo(2);
        assertThat(Files.readSymbolicLink(root.resolve("etc/c"))).hasToString("/etc/a");
        assertThat(mode(root.resolve("etc"))).isEqualTo(0750);
        assertThat(Files.getAttribute(root.resolve("abs"), "unix:uid")).isEqualTo(1000);
        assertThat(mode(root.resolve("abs"))).isEqualTo(0600);
        assertThat(Files.getLastModifiedTime(root.resolve("etc")).toMillis())
                .isEqualTo(1_700_000_000_000L);
        assertThat(root.resolve("long/" + "x".repeat(200))).hasContent("deep");
        assertThat(notes.getLast().sizeBytes()).isEqualTo(3 + 3 + 4);
    }

    @Test
    void whatRaisesRightsOrIsADeviceIsLeftOut() throws IOException {
        Path root =
                unpack(
                        new LayerTar()
                                .entry('0', "suid", "", 06755, new byte[1])
                                .entry('3', "dev/null", "", 0666, new byte[0])
                                .entry('3', "whiteout", "", 0, new byte[0])
                                .entry('6', "pipe", "", 0666, new byte[0])
                                .pax("uid", "4000000000")
                                .file("far", "")
                                .directory("sticky", 07777));

        assertThat(mode(root.resolve("suid"))).isEqualTo(0755);
        assertThat(mode(root.resolve("sticky"))).isEqualTo(03777);
        assertThat(root.resolve("dev/null")).doesNotExist();
        assertThat(root.resolve("whiteout")).doesNotExist();
        assertThat(root.resolve("pipe")).doesNotExist();
        assertThat(Files.getAttribute(root.resolve("far"), "unix:uid")).isEqualTo(65_534);
    }

    @Test
    void pathsThatLeadOutAreRefused() {
        for (String path : List.of("../outside/x", "a/../../outside/x", "..", "/..//x")) {
            assertThatThrownBy(() -> unpack(new LayerTar().file(path, "evil")))
                    .as(path)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("leads out");
        }
        assertUntouched();
    }

    @Test
    void linksOfTheLayerAreResolvedWithinIt() throws IOException {
        Path root =
                unpack(
                        new LayerTar()
                                .symlink("abs", outside.toString())
                                .symlink("up", "../../../../../../.." + outside)
                                .symlink("magic", "/proc/self/root")
                                .file("abs/secret", "evil")
                                .file("up/secret", "evil")
                                .file("magic/secret", "evil")
                                .symlink("link", outside + "/secret")
                                .file("link", "in its place"));

        assertUntouched();
        assertThat(root.resolve("link")).isRegularFile().hasContent("in its place");
        assertThat(Files.isSymbolicLink(root.resolve("link"))).isFalse();
    }

    @Test
    void hardLinksReachNothingOutside() {
        assertThatThrownBy(() -> unpack(new LayerTar().hardLink("x", outside + "/secret")))
                .hasMessageContaining("lacks");
        assertThatThrownBy(() ->
                        unpack(
                                new LayerTar()
                                        .symlink("dir", outside.toString())
                                        .hardLink("x", "dir/secret")))
                .hasMessageContaining("lacks");
        assertThatThrownBy(() -> unpack(new LayerTar().hardLink("x", "../outside/secret")))
                .hasMessageContaining("leads out");
        assertThatThrownBy(() -> unpack(new LayerTar().directory("d", 0755).hardLink("x", "d")))
                .hasMessageContaining("folder");
    }

    @ParameterizedTest
    @ValueSource(strings = {".wh...", ".wh..", ".wh.", "a/.wh..."})
    void whiteoutsOfNoFileAreRefused(String path) throws IOException {
        assertThatThrownBy(() -> unpack(new LayerTar().file(path, "")))
                .hasMessageContaining("no name");
    }

    @Test
    void damagedArchivesAreRefused() {
        byte[] good = new LayerTar().file("a", "text").bytes();
        byte[] flipped = good.clone();
        flipped[0] ^= 1;
        assertThatThrownBy(() -> unpack(flipped)).hasMessageContaining("damaged");
        assertThatThrownBy(() -> unpack(java.util.Arrays.copyOf(good, 515)))
                .hasMessageContaining("middle of a file");
        assertThatThrownBy(() -> unpack(java.util.Arrays.copyOf(good, 100)))
                .hasMessageContaining("middle of a header");
        assertThatThrownBy(() -> unpack(new LayerTar().entry('S', "s", "", 0644, new byte[0])))
                .hasMessageContaining("unknown type");
        assertThatThrownBy(() -> unpack(new LayerTar().pax("GNU.sparse.major", "1").file("s", "")))
                .hasMessageContaining("sparse");
        assertThatThrownBy(() -> unpack(new LayerTar().pax("size", "-1").file("s", "")))
                .hasMessageContaining("negative");
        assertThatThrownBy(() -> unpack(new LayerTar().file("a", "").file("a/b", "")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() ->
                        unpack(new LayerTar().pax("path", "x/".repeat(300) + "y").file("p", "")))
                .isInstanceOf(IOException.class);
    }

    @Test
    void headersAreBounded() {
        long huge = 1L << 32;
        byte[] header = LayerTar.header('x', "pax", "", 0644, 0, huge);
        assertThatThrownBy(() -> unpack(new LayerTar().raw(header)))
                .hasMessageContaining("extended header has " + huge);
        var many = new LayerTar();
        for (int i = 0; i < 20; i++) {
            many.pax("comment", "x");
        }
        assertThatThrownBy(() -> unpack(many.file("a", ""))).hasMessageContaining("more than");
    }

    @Test
    void sizeAndNumberOfFilesAreBounded() throws IOException {
        var small = new PullBudget(top, 10, 3);
        assertThatThrownBy(() -> unpack(new LayerTar().file("a", "12345678901").bytes(), small))
                .isInstanceOf(CarrelException.class)
                .hasMessageContaining("limit");
        var few = new PullBudget(top, 10, 3);
        var four = new LayerTar().file("a", "").file("b", "").file("c", "").file("d", "");
        assertThatThrownBy(() -> unpack(four.bytes(), few))
                .isInstanceOf(CarrelException.class)
                .hasMessageContaining("limit");
    }

    @Test
    void laterLayersReplaceAndRemove() throws IOException {
        unpack(
                new LayerTar()
                        .directory("a", 0700)
                        .file("a/keep", "1")
                        .file("a/gone", "1")
                        .file("full/x/y", "1")
                        .file("tree/x", "1")
                        .file("file", "1")
                        .symlink("link", "a"));
        unpack(
                new LayerTar()
                        .file("a/.wh.gone", "")
                        .file("full/.wh..wh..opq", "")
                        .file("full/new", "2")
                        .file(".wh.tree", "")
                        .file(".wh.never", "")
                        .file("link/.wh.keep", "")
                        .directory("file", 0755)
                        .file("file/inside", "2"));
        Path root = merge();

        assertThat(root.resolve("a/keep")).hasContent("1");
        assertThat(mode(root.resolve("a"))).as("not said by the second layer").isEqualTo(0700);
        assertThat(root.resolve("a/gone")).doesNotExist();
        assertThat(names(root.resolve("full"))).containsExactly("new");
        assertThat(root.resolve("tree")).doesNotExist();
        assertThat(root.resolve("file/inside")).hasContent("2");
        assertThat(Files.getAttribute(root.resolve("a/keep"), "unix:nlink"))
                .as("shared with the layer")
                .isEqualTo(2);
    }

    @Test
    void foldersThatALayerOnlyUsesFollowLinksBelow() throws IOException {
        unpack(new LayerTar().directory("usr/lib", 0755).symlink("lib", "usr/lib"));
        unpack(new LayerTar().file("lib/libx.so", "2").symlink("out", outside.toString()));
        unpack(new LayerTar().file("out/secret", "evil"));
        Path root = merge();

        assertThat(root.resolve("usr/lib/libx.so")).hasContent("2");
        assertThat(Files.isSymbolicLink(root.resolve("lib"))).isTrue();
        assertUntouched();
    }

    @Test
    void layersCannotEscapeThroughEachOther() throws IOException {
        unpack(new LayerTar().symlink("etc", outside.toString()).symlink("tmp", "/opt"));
        unpack(new LayerTar().file("etc/.wh.secret", "").file("etc/.wh..wh..opq", ""));
        unpack(new LayerTar().directory("etc", 0755).file("etc/secret", "evil"));
        Path root = merge();
        try (Fd fd = open(root)) {
            RootFinish.run(fd);
        }

        assertUntouched();
        assertThat(Files.isSymbolicLink(root.resolve("etc"))).isFalse();
        assertThat(Files.isSymbolicLink(root.resolve("tmp"))).isFalse();
        assertThat(root.resolve("etc/resolv.conf")).isEmptyFile();
    }

    @Test
    void sharedFilesAreNeverChangedByAnImage() throws IOException {
        unpack(new LayerTar().file("etc/hosts", "of the layer"));
        Path root = merge();
        try (Fd fd = open(root)) {
            RootFinish.run(fd);
        }

        assertThat(root.resolve("etc/hosts")).isEmptyFile();
        assertThat(layers.getFirst().resolve("etc/hosts")).hasContent("of the layer");
        assertThat(root.resolve("workspace")).isDirectory();
        assertThat(mode(root.resolve("tmp"))).isEqualTo(01777);
    }

    @Test
    void namesThatAreNoTextSurvive() throws IOException {
        byte[] header = LayerTar.header('0', "n?.wh", "", 0644, 0, 0);
        header[1] = (byte) 0xff;
        int sum = 8 * ' ';
        for (int i = 0; i < header.length; i++) {
            sum += i >= 148 && i < 156 ? 0 : Byte.toUnsignedInt(header[i]);
        }
        byte[] text = "%06o\0 ".formatted(sum).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, header, 148, 8);
        unpack(new LayerTar().raw(header));
        var odd = new LayerNotes(1, List.of("a\uDCFFb"), List.of(), List.of("ü"));
        odd.write(top);

        assertThat(LayerNotes.read(top)).isEqualTo(odd);
    }

    private Path unpack(LayerTar tar) throws IOException {
        return unpack(tar.bytes());
    }

    private Path unpack(byte[] tar) throws IOException {
        return unpack(tar, PullBudget.in(top));
    }

    private Path unpack(byte[] tar, PullBudget budget) throws IOException {
        Path root = Files.createDirectory(top.resolve("layer" + count++));
        try (Fd fd = open(root);
                var unpack = new LayerUnpack(fd, budget)) {
            notes.add(unpack.run(new TarReader(new ByteArrayInputStream(tar))));
        }
        layers.add(root);
        return root;
    }

    private Path merge() throws IOException {
        Path root = Files.createDirectory(top.resolve("root"));
        try (Fd fd = open(root)) {
            var merge = new RootMerge(fd);
            for (int i = 0; i < layers.size(); i++) {
                try (Fd layer = open(layers.get(i))) {
                    merge.add(layer, notes.get(i));
                }
            }
        }
        return root;
    }

    private static Fd open(Path path) throws IOException {
        return Linux.open(path.toString(), Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
    }

    private void assertUntouched() {
        assertThat(outside.resolve("secret")).hasContent("untouched");
        assertThat(outside).isDirectoryContaining(path -> path.endsWith("secret"));
        assertThat(names(outside)).containsExactly("secret");
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static int mode(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
    }
}
