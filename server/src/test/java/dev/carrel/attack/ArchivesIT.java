package dev.carrel.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.error.CarrelException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.junit.jupiter.api.Test;

/// Archives that go in to come out elsewhere, or much larger, and what comes out of a sandbox.
class ArchivesIT extends AttackStage {
    private static final String PLACE = "/workspace/in";

    @Test
    void noEntryLandsOutsideOfItsDirectory() throws IOException {
        run(sandbox, "mkdir -p out; echo own > out/own");
        for (String name : List.of("../out/evil", "a/../../out/evil", "./../out/evil", "..")) {
            refused(tar(tar -> put(tar, name)));
            refused(zip(name));
        }
        for (String name : List.of("/workspace/out/evil", "//evil", "..\\out\\evil", "C:\\evil")) {
            unpack(tar(tar -> put(tar, name)));
            unpack(zip(name));
        }
        for (String target : List.of("../out", "/workspace/out", "..", "/", "a/../../out")) {
            byte[] through =
                    tar(tar -> {
                        link(tar, TarConstants.LF_SYMLINK, "way", target);
                        put(tar, "way/evil");
                    });
            unpack(through);
            byte[] hard = tar(tar -> link(tar, TarConstants.LF_LINK, "hard", target + "/own"));
            unpack(hard);
        }
        // One that lies there already, of the sandbox's making.
        run(sandbox, "rm -rf in; mkdir in; ln -s ../out in/way; ln -s ../out/own in/file");
        unpack(tar(tar -> put(tar, "way/evil")));
        unpack(tar(tar -> put(tar, "file")));
        assertThat(run(sandbox, "ls out; cat out/own; ls / | grep evil").stdout())
                .isEqualTo("own\nown\n");
    }

    @Test
    void whatGrowsBeyondMeasureIsCut() throws IOException {
        byte[] bomb =
                tar(tar -> {
                    var entry = new TarArchiveEntry("zeros");
                    entry.setSize(200L << 20);
                    tar.putArchiveEntry(entry);
                    var zeros = new byte[1 << 20];
                    for (int mib = 0; mib < 200; mib++) {
                        tar.write(zeros);
                    }
                    tar.closeArchiveEntry();
                });
        assertThat(bomb.length).isLessThan(1 << 20);
        refused(bomb);
        byte[] device =
                tar(tar -> {
                    var entry = new TarArchiveEntry("device", TarConstants.LF_BLK);
                    entry.setDevMajor(8);
                    tar.putArchiveEntry(entry);
                    tar.closeArchiveEntry();
                });
        refused(device);
        byte[] large =
                tar(tar -> {
                    var entry = new TarArchiveEntry("announced");
                    entry.setSize(1L << 40);
                    tar.putArchiveEntry(entry);
                });
        refused(large);
        refused("no archive at all".getBytes());
        refused(new byte[] {0x1f, (byte) 0x8b, 8, 0});
        assertThat(run(sandbox, "find in -type b -o -type c | wc -l").stdout()).isEqualTo("0\n");
    }

    /// What a sandbox gives out is hostile to whoever unpacks it: its entries at least stay below
    /// the directory that was asked for.
    @Test
    void whatComesOutStaysBelowItsDirectory() throws IOException {
        run(
                sandbox,
                """
                mkdir -p tree/..data; cd tree; ln -s / root; ln -s ../../etc up; mkfifo pipe
                echo x > "$(printf 'new\\nline')"; echo x > "$(printf '\\377')"; echo x > '..\\..\\win'
                ln -s root/etc/passwd pass; echo x > ..data/f; ln ..data/f hard
                """);
        Set<String> names = new HashSet<>();
        try (var tar =
                new TarArchiveInputStream(
                        new GzipCompressorInputStream(
                                client.sandboxes().pack(sandbox, "/workspace/tree")))) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                String name = entry.getName();
                assertThat(name).doesNotStartWith("/");
                assertThat(List.of(name.split("/"))).doesNotContain("..");
                assertThat(entry.isBlockDevice() || entry.isCharacterDevice()).isFalse();
                assertThat(names.add(name)).as("once: " + name).isTrue();
            }
        }
        assertThat(names).anyMatch(name -> name.endsWith("root"));
        assertThat(names).noneMatch(name -> name.contains("root/"));
    }

    /// Fills an archive.
    private interface Filling {
        void fill(TarArchiveOutputStream tar) throws IOException;
    }

    private static byte[] tar(Filling filling) throws IOException {
        var bytes = new ByteArrayOutputStream();
        OutputStream gzip = new GZIPOutputStream(bytes);
        var tar = new TarArchiveOutputStream(gzip);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        filling.fill(tar);
        try {
            tar.close();
        } catch (IOException e) {
            gzip.close(); // an entry that is shorter than it says
        }
        return bytes.toByteArray();
    }

    private static void put(TarArchiveOutputStream tar, String name) throws IOException {
        var entry = new TarArchiveEntry(name, true); // as it is, with a slash before it, too
        entry.setSize(4);
        tar.putArchiveEntry(entry);
        tar.write("evil".getBytes());
        tar.closeArchiveEntry();
    }

    private static void link(TarArchiveOutputStream tar, byte kind, String name, String target)
            throws IOException {
        var entry = new TarArchiveEntry(name, kind);
        entry.setLinkName(target);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
    }

    private static byte[] zip(String name) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            zip.setLevel(Deflater.BEST_SPEED);
            zip.putNextEntry(new ZipEntry(name));
            zip.write("evil".getBytes());
            zip.closeEntry();
        }
        return bytes.toByteArray();
    }

    private void refused(byte[] archive) {
        CarrelException e =
                catchThrowableOfType(
                        CarrelException.class,
                        () ->
                                client.sandboxes()
                                        .unpack(sandbox, PLACE, new ByteArrayInputStream(archive)));
        assertThat(e).isNotNull();
        assertThat(e.code().httpStatus()).as(e.getMessage()).isBetween(400, 499);
    }

    /// Taken or refused, as long as it is no error of the server's.
    private void unpack(byte[] archive) {
        try {
            client.sandboxes().unpack(sandbox, PLACE, new ByteArrayInputStream(archive));
        } catch (CarrelException e) {
            assertThat(e.code().httpStatus()).as(e.getMessage()).isLessThan(500);
        }
    }
}
