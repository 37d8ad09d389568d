package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What archives do on every [SandboxRuntime].
abstract class ArchiveContract extends TreeContract {
    private static final Unpacking.Rules STRICT = new Unpacking.Rules(false, false);

    private byte[] pack(String path, ArchiveFormat format) {
        var out = new ByteArrayOutputStream();
        Packing.pack(sandbox.files(), path, format, out);
        return out.toByteArray();
    }

    private Unpacked unpack(String path, byte[] archive, Unpacking.Rules rules) {
        return Unpacking.unpack(sandbox.files(), path, new ByteArrayInputStream(archive), rules);
    }

    private void assertRefused(byte[] archive, String... words) {
        assertThatThrownBy(() -> unpack("/workspace/in", archive, STRICT))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST))
                .hasMessageContainingAll(words);
    }

    /// Something that goes into a tar.
    private interface Filling {
        void fill(TarArchiveOutputStream tar) throws IOException;
    }

    private static byte[] tar(Filling filling) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes), "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
            filling.fill(tar);
        }
        return bytes.toByteArray();
    }

    private static void file(TarArchiveOutputStream tar, String name, String text)
            throws IOException {
        var entry = new TarArchiveEntry(name, true);
        entry.setSize(text.getBytes(UTF_8).length);
        tar.putArchiveEntry(entry);
        tar.write(text.getBytes(UTF_8));
        tar.closeArchiveEntry();
    }

    private static void special(TarArchiveOutputStream tar, String name, byte kind, String link)
            throws IOException {
        var entry = new TarArchiveEntry(name, kind, true);
        entry.setLinkName(link);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
    }

    @ParameterizedTest
    @EnumSource
    void whatIsPackedIsUnpackedAgain(ArchiveFormat format) throws Exception {
        run(
                "mkdir -p a/deep/er; printf one > a/f; chmod 4751 a/f; ln -s deep/er/g a/link;"
                        + " printf 'gr\\303\\274n' > \"a/deep/er/na me\"; mkfifo a/fifo;"
                        + " head -c 600000 /dev/zero > a/big; touch -d 2001-02-03T04:05:06Z a/f");

        Unpacked done = unpack("/workspace/b", pack("/workspace/a", format), STRICT);

        assertThat(done.bytes()).isEqualTo(600_008);
        assertThat(run("stat -c %a:%Y b/f; readlink b/link; cat 'b/deep/er/na me'").stdout())
                .isEqualTo("4751:981173106\ndeep/er/g\ngrün");
        assertThat(run("cmp a/big b/big && find b | sort").stdout().split("\n"))
                .containsExactly(
                        "b", "b/big", "b/deep", "b/deep/er", "b/deep/er/na me", "b/f", "b/link");
    }

    @Test
    void namesInAnArchiveAreRelative() throws Exception {
        run("mkdir -p a/b; touch a/b/f a/b/\"$(printf 'x%0150d' 1)\"");
        var names = new ArrayList<String>();
        try (var tar =
                new TarArchiveInputStream(
                        new GZIPInputStream(
                                new ByteArrayInputStream(
                                        pack("/workspace/a/", ArchiveFormat.TAR_GZ))))) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                names.add(entry.getName());
                assertThat(entry.getUserName()).isEmpty();
            }
        }
        assertThat(names).hasSize(4).allMatch(name -> name.startsWith("./"));
        assertThat(names).contains("./", "./b/", "./b/f");
        Unpacked file = unpack("/workspace/c", pack("/workspace/a/b/f", ArchiveFormat.ZIP), STRICT);
        assertThat(file.entries()).isOne();
        assertThat(paths("/workspace/c", false, 9)).containsExactly("/workspace/c/f");
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> pack("/workspace/none", ArchiveFormat.TAR_GZ));
    }

    @Test
    void hostileNamesAreRefusedByName() throws Exception {
        run("echo keep > victim");
        for (String name :
                List.of("/workspace/victim", "../victim", "a/../../victim", "..", "a/..")) {
            assertRefused(
                    tar(t -> {
                        file(t, "before", "x");
                        file(t, name, "bad");
                    }),
                    name,
                    "1 entries before it");
        }
        var zip = new ByteArrayOutputStream();
        try (var out = new ZipArchiveOutputStream(zip)) {
            out.putArchiveEntry(new ZipArchiveEntry("../victim"));
            out.write(1);
            out.closeArchiveEntry();
        }
        assertRefused(zip.toByteArray(), "../victim");
        assertThat(run("cat victim; ls -A in").stdout()).isEqualTo("keep\nbefore\n");
    }

    @Test
    void linksThatLeadOutAreRefusedUnlessAskedFor() throws Exception {
        run("echo keep > victim");
        for (String target : List.of("/workspace/victim", "../victim", "a/../../victim", "..")) {
            byte[] archive = tar(t -> special(t, "link", TarConstants.LF_SYMLINK, target));
            assertRefused(archive, "link", "leads out");
            unpack("/workspace/any", archive, new Unpacking.Rules(false, true));
            assertThat(sandbox.files().stat("/workspace/any/link").linkTarget()).contains(target);
        }
        for (String target : List.of("/workspace/victim", "../victim")) {
            assertRefused(tar(t -> special(t, "hard", TarConstants.LF_LINK, target)), "hard");
        }
        unpack(
                "/workspace/ok",
                tar(t -> {
                    file(t, "d/f", "x");
                    special(t, "e/link", TarConstants.LF_SYMLINK, "../d/f");
                    special(t, "hard", TarConstants.LF_LINK, "./d/f");
                }),
                STRICT);
        assertThat(run("cat ok/e/link; stat -c %h ok/hard").stdout()).isEqualTo("x2\n");
    }

    @Test
    void nothingIsWrittenThroughALink() throws Exception {
        run("mkdir victims; echo keep > victims/f; mkdir in; ln -s ../victims in/there");
        var any = new Unpacking.Rules(false, true);
        byte[] along =
                tar(t -> {
                    special(t, "link", TarConstants.LF_SYMLINK, "/workspace/victims");
                    file(t, "link/f", "bad");
                });
        assertCode(ErrorCode.CONFLICT, () -> unpack("/workspace/in", along, any));
        byte[] there = tar(t -> file(t, "there/f", "bad"));
        assertCode(ErrorCode.CONFLICT, () -> unpack("/workspace/in", there, any));
        byte[] directory = tar(t -> special(t, "there/", TarConstants.LF_DIR, ""));
        assertCode(ErrorCode.CONFLICT, () -> unpack("/workspace/in", directory, any));
        byte[] hard = tar(t -> special(t, "hard", TarConstants.LF_LINK, "there/f"));
        assertCode(ErrorCode.CONFLICT, () -> unpack("/workspace/in", hard, any));
        // A file takes the place of a link, and what the link leads to stays.
        unpack(
                "/workspace/in",
                tar(t -> {
                    special(t, "swap", TarConstants.LF_SYMLINK, "/workspace/victims/f");
                    file(t, "swap", "mine");
                    file(t, "swap", "mine again");
                }),
                any);
        assertThat(run("cat victims/f in/swap").stdout()).isEqualTo("keep\nmine again");
    }

    @Test
    void whatIsNoFileIsRefused() throws Exception {
        for (byte kind :
                new byte[] {
                    TarConstants.LF_CHR, TarConstants.LF_BLK, TarConstants.LF_FIFO, (byte) 'V'
                }) {
            assertRefused(tar(t -> special(t, "device", kind, "")), "device", "no file");
        }
    }

    @Test
    void whatIsTooDeepToBePackedIsNotUnpacked() throws Exception {
        String deepest = "d/".repeat(SandboxFiles.TREE_DEPTH_MAX - 1);
        unpack("/workspace/in", tar(tar -> file(tar, deepest + "f", "deep")), STRICT);
        assertThat(unpack("/workspace/out", pack("/workspace/in", ArchiveFormat.TAR_GZ), STRICT))
                .isEqualTo(new Unpacked(SandboxFiles.TREE_DEPTH_MAX, 4));

        String tooDeep = deepest + "d/";
        assertRefused(tar(tar -> file(tar, tooDeep + "f", "x")), "more than 256 directories deep");
        assertRefused(
                tar(tar -> special(tar, tooDeep, TarConstants.LF_DIR, "")),
                "more than 256 directories deep");
        assertRefused(
                tar(tar -> special(tar, "e/".repeat(1500), TarConstants.LF_DIR, "")),
                "more than 256 directories deep");
    }

    @Test
    void bombsAreCutOff() throws Exception {
        byte[] zeros = new byte[1 << 20];
        byte[] bomb =
                tar(t -> {
                    var entry = new TarArchiveEntry("bomb", true);
                    entry.setSize(400L << 20);
                    t.putArchiveEntry(entry);
                    for (int i = 0; i < 400; i++) {
                        t.write(zeros);
                    }
                    t.closeArchiveEntry();
                });
        assertThat(bomb.length).isLessThan(1 << 20);
        assertRefused(bomb, "bomb", "more room");
        assertThat(paths("/workspace/in", false, 9)).isEmpty();
    }

    @Test
    void anEndlessHeadIsCutOff() throws Exception {
        byte[] name = new byte[3 << 20];
        Arrays.fill(name, (byte) 'x');
        byte[] archive =
                tar(t -> {
                    byte kind = TarConstants.LF_GNUTYPE_LONGNAME;
                    var entry = new TarArchiveEntry(TarConstants.GNU_LONGLINK, kind);
                    entry.setSize(name.length);
                    t.putArchiveEntry(entry);
                    t.write(name);
                    t.closeArchiveEntry();
                    file(t, "f", "x");
                });
        assertRefused(archive, "unreasonably long");
    }

    @Test
    void brokenArchivesAreRefused() throws Exception {
        byte[] whole = tar(t -> file(t, "f", "x".repeat(100_000)));
        assertRefused(Arrays.copyOf(whole, whole.length / 2), "not a whole archive");
        assertRefused("PK\3\4 and nothing more".getBytes(UTF_8), "not a whole archive");
        assertRefused(new byte[] {0x1f, (byte) 0x8b, 1, 2, 3}, "not a whole archive");
        assertRefused("This is no archive at all. ".repeat(100).getBytes(UTF_8), "not a whole");
        assertThat(paths("/workspace", true, 9)).isSubsetOf("/workspace/in");
    }

    @Test
    void ownersAreKeptOnDemand() throws Exception {
        byte[] archive =
                tar(t -> {
                    var entry = new TarArchiveEntry("f", true);
                    entry.setIds(1000, 1001);
                    t.putArchiveEntry(entry);
                    t.closeArchiveEntry();
                });
        unpack("/workspace/root", archive, STRICT);
        unpack("/workspace/kept", archive, new Unpacking.Rules(true, false));
        assertThat(run("stat -c %u:%g root/f kept/f").stdout()).isEqualTo("0:0\n1000:1001\n");
        byte[] nobody =
                tar(t -> {
                    var entry = new TarArchiveEntry("f", true);
                    entry.setIds(100_000, 0);
                    t.putArchiveEntry(entry);
                    t.closeArchiveEntry();
                });
        assertThatThrownBy(() -> unpack("/workspace/no", nobody, new Unpacking.Rules(true, false)))
                .hasMessageContaining("100000");
    }

    @Test
    void aBodyThatBreaksOffIsReported() throws Exception {
        byte[] whole = tar(t -> file(t, "f", "x".repeat(100_000)));
        InputStream broken =
                new InputStream() {
                    private final InputStream in = new ByteArrayInputStream(whole, 0, 50);

                    @Override
                    public int read() throws IOException {
                        int value = in.read();
                        if (value < 0) {
                            throw new CarrelException(ErrorCode.INVALID_REQUEST, "broke off");
                        }
                        return value;
                    }
                };
        assertThatThrownBy(() -> Unpacking.unpack(sandbox.files(), "/workspace/in", broken, STRICT))
                .hasMessageContaining("broke off");
    }
}
