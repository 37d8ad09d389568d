package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.carrel.process.FileNames;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// A tar with the names as the bytes that they are, given in the form of [FileNames] and relative;
/// the empty name is the top itself. Owners are numbers. Without [#finish] it is not whole.
public final class TarOutput {
    private final TarArchiveOutputStream tar;

    /// What is said of an entry beside its name.
    public record Attributes(int mode, long owner, long group, Instant modifiedAt) {}

    /// `out` stays open.
    public TarOutput(OutputStream out) {
        // Each byte of a name is one character of this encoding.
        tar = new TarArchiveOutputStream(out, ISO_8859_1.name());
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_TRUNCATE);
        tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    }

    /// `content` has exactly `size` bytes.
    public void file(String name, Attributes attributes, long size, InputStream content)
            throws IOException {
        TarArchiveEntry header = header(name, attributes, TarConstants.LF_NORMAL, "");
        header.setSize(size);
        put(header);
        content.transferTo(tar);
        tar.closeArchiveEntry();
    }

    public void directory(String name, Attributes attributes) throws IOException {
        put(header(name, attributes, TarConstants.LF_DIR, "/"));
        tar.closeArchiveEntry();
    }

    public void symlink(String name, Attributes attributes, String target) throws IOException {
        TarArchiveEntry header = header(name, attributes, TarConstants.LF_SYMLINK, "");
        header.setLinkName(bytes(target));
        put(header);
        tar.closeArchiveEntry();
    }

    /// One more name for `existing`, which is in the archive already.
    public void hardLink(String name, Attributes attributes, String existing) throws IOException {
        TarArchiveEntry header = header(name, attributes, TarConstants.LF_LINK, "");
        header.setLinkName("./" + bytes(existing));
        put(header);
        tar.closeArchiveEntry();
    }

    public void finish() throws IOException {
        tar.finish();
    }

    /// Long names come before their entry, as GNU has it. The library would do so as well, in time
    /// that grows with the square of the name.
    private void put(TarArchiveEntry header) throws IOException {
        if (header.getLinkName().length() >= TarConstants.NAMELEN) {
            putLong(TarConstants.LF_GNUTYPE_LONGLINK, header.getLinkName());
            header.setLinkName(header.getLinkName().substring(0, TarConstants.NAMELEN));
        }
        if (header.getName().length() >= TarConstants.NAMELEN) {
            putLong(TarConstants.LF_GNUTYPE_LONGNAME, header.getName());
            header.setName(shortened(header.getName()));
        }
        tar.putArchiveEntry(header);
    }

    /// The library takes what ends in a slash for a directory, whatever it was said to be.
    private static String shortened(String name) {
        int length = TarConstants.NAMELEN;
        while (name.charAt(length - 1) == '/') {
            length--;
        }
        return name.substring(0, length);
    }

    private void putLong(byte kind, String name) throws IOException {
        byte[] bytes = (name + '\0').getBytes(ISO_8859_1);
        var header = new TarArchiveEntry(TarConstants.GNU_LONGLINK, kind);
        header.setNames("", "");
        header.setSize(bytes.length);
        tar.putArchiveEntry(header);
        tar.write(bytes);
        tar.closeArchiveEntry();
    }

    private static TarArchiveEntry header(
            String name, Attributes attributes, byte kind, String end) {
        String path = name.isEmpty() ? "./" : "./" + bytes(name) + end;
        var header = new TarArchiveEntry(path, kind, true);
        header.setMode(attributes.mode());
        header.setUserId(attributes.owner());
        header.setGroupId(attributes.group());
        // Names of the server's own users would be filled in.
        header.setNames("", "");
        header.setLastModifiedTime(
                FileTime.from(attributes.modifiedAt().truncatedTo(ChronoUnit.SECONDS)));
        return header;
    }

    private static String bytes(String name) {
        return new String(FileNames.encode(name), ISO_8859_1);
    }
}
