package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgentsArchiveTest {
    /// Fills an archive.
    private interface Filler {
        void fill(TarArchiveOutputStream tar) throws IOException;
    }

    static byte[] pack(Filler filler) {
        var bytes = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(new GzipCompressorOutputStream(bytes))) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            filler.fill(tar);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return bytes.toByteArray();
    }

    static void file(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
        var entry = new TarArchiveEntry(name, true);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Map<String, byte[]> read(byte[] packed) {
        return AgentsArchive.read(new ByteArrayInputStream(packed));
    }

    private static void assertRefused(byte[] packed, String why) {
        assertThatThrownBy(() -> read(packed))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
                            assertThat(e.text()).contains(why);
                        });
    }

    @Test
    void filesComeWithPathsBelowTheFolder() {
        byte[] packed =
                pack(tar -> {
                    tar.putArchiveEntry(new TarArchiveEntry(".carrel/skills/"));
                    tar.closeArchiveEntry();
                    file(tar, "./.carrel/agents.json", text("[]"));
                    file(tar, ".carrel/skills/a/SKILL.md", text("x"));
                    file(tar, "memory.md", text(""));
                });
        Map<String, byte[]> files = read(packed);
        assertThat(files).containsOnlyKeys("agents.json", "skills/a/SKILL.md", "memory.md");
        assertThat(files.get("agents.json")).asString().isEqualTo("[]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../x",
                "a/../../x",
                ".carrel/../x",
                "/etc/passwd",
                "a\\..\\x",
                "..",
                "a\nb"
            })
    void pathsThatLeadOutAreRefused(String name) {
        assertRefused(pack(tar -> file(tar, name, text("x"))), "not allowed");
    }

    @Test
    void whatIsNoPlainFileIsRefused() {
        for (byte type :
                new byte[] {
                    TarConstants.LF_SYMLINK,
                    TarConstants.LF_LINK,
                    TarConstants.LF_FIFO,
                    TarConstants.LF_CHR,
                    TarConstants.LF_BLK
                }) {
            byte[] packed =
                    pack(tar -> {
                        var entry = new TarArchiveEntry("skills", type);
                        entry.setLinkName("/etc");
                        tar.putArchiveEntry(entry);
                        tar.closeArchiveEntry();
                    });
            assertRefused(packed, "not a plain file");
        }
    }

    @Test
    void aBombIsRefusedBeforeItIsUnpacked() {
        byte[] packed = pack(tar -> file(tar, "agents.json", new byte[64 << 20]));
        assertThat(packed.length).isLessThan(AgentsArchive.PACKED_BYTES_MAX);
        assertRefused(packed, "unpacks to more than");
    }

    @Test
    void tooManyEntriesAreRefused() {
        assertRefused(
                pack(tar -> {
                    for (int i = 0; i <= AgentsArchive.ENTRIES_MAX; i++) {
                        file(tar, "f" + i, text(""));
                    }
                }),
                "entries");
    }

    @Test
    void theSameFileTwiceIsRefused() {
        assertRefused(
                pack(tar -> {
                    file(tar, "agents.json", text("[]"));
                    file(tar, ".carrel/agents.json", text("[1]"));
                }),
                "twice");
    }

    @Test
    void whatIsNoArchiveOrACutOneIsRefused() {
        assertRefused(text("hello"), "not a whole tar.gz");
        assertRefused(new byte[0], "not a whole tar.gz");
        byte[] whole = pack(tar -> file(tar, "agents.json", new byte[10_000]));
        assertRefused(Arrays.copyOf(whole, whole.length / 2), "not a whole tar.gz");
    }
}
