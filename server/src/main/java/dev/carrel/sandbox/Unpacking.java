package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/// Unpacks a hostile archive below a directory of a sandbox. What it may not hold is refused with
/// `INVALID_REQUEST` naming the entry: absolute names, names with `..`, links that lead out of the
/// directory, hard links to what is not below it, devices and other things that are no files, and
/// names that are not UTF-8. Entries before stay; the message says how many. Where links that were
/// there or came along would lead, is not followed in any case.
public final class Unpacking {
    /// Of the content of all files.
    public static final long BYTES_MAX = 64L << 30;

    /// So many bytes more than it has itself may an archive unpack to, and [#BYTES_FREE].
    public static final long RATIO_MAX = 200;

    public static final long BYTES_FREE = 100 << 20;

    private static final int MAGIC_BYTES = 4;

    /// What archives are followed by: padding of tar.
    private static final int TAIL_BYTES_MAX = 1 << 20;

    private final SandboxFiles files;
    private final String path;
    private final Rules rules;

    /// Whom the entries are to belong to, and which links are taken.
    ///
    /// - `keepOwners`: owners by number as in the archive, instead of root
    /// - `anyLinks`: symbolic links may point anywhere; inside the sandbox that is harmless
    public record Rules(boolean keepOwners, boolean anyLinks) {}

    private Unpacking(SandboxFiles files, String path, Rules rules) {
        this.files = files;
        this.path = path;
        this.rules = rules;
    }

    /// Unpacks tar, tar.gz or zip, told apart by their first bytes, below `path`, which is made.
    public static Unpacked unpack(
            SandboxFiles files, String path, InputStream archive, Rules rules) {
        return new Unpacking(files, path, rules).unpack(archive);
    }

    private Unpacked unpack(InputStream archive) {
        var packed = new CountedStream(archive);
        var start = new BufferedInputStream(packed, 1 << 16);
        try {
            start.mark(MAGIC_BYTES);
            byte[] magic = start.readNBytes(MAGIC_BYTES);
            start.reset();
            if (magic.length == MAGIC_BYTES && magic[0] == 'P' && magic[1] == 'K') {
                return new ZipUnpacking(files, path, rules).unpack(start);
            }
            boolean gzip = magic.length > 1 && magic[0] == 0x1f && magic[1] == (byte) 0x8b;
            InputStream tar = requireRecord(gzip ? unzipped(start) : start);
            Unpacked unpacked = tar(new CountedStream(tar), packed);
            drain(start);
            return unpacked;
        } catch (IOException e) {
            throw notWhole(e);
        }
    }

    private static InputStream unzipped(InputStream in) throws IOException {
        return GzipCompressorInputStream.builder()
                .setInputStream(in)
                .setDecompressConcatenated(true)
                .get();
    }

    // The library takes less for an empty archive.
    private static InputStream requireRecord(InputStream in) throws IOException {
        var tar = new BufferedInputStream(in);
        tar.mark(TarConstants.DEFAULT_RCDSIZE);
        if (tar.readNBytes(TarConstants.DEFAULT_RCDSIZE).length < TarConstants.DEFAULT_RCDSIZE) {
            throw new EOFException("less than one record of a tar");
        }
        tar.reset();
        return tar;
    }

    private Unpacked tar(CountedStream tar, CountedStream packed) {
        var result = new Unpacked[1];
        files.writeTree(
                path,
                writer -> {
                    var target = new UnpackTarget(writer, rules, packed::count);
                    result[0] = target.report(() -> new TarUnpacking(tar, target).unpack());
                });
        return result[0];
    }

    private static void drain(InputStream rest) throws IOException {
        byte[] buffer = new byte[1 << 16];
        int left = TAIL_BYTES_MAX;
        for (int n = 0; n >= 0 && left > 0; left -= n) {
            n = rest.read(buffer);
        }
    }

    static CarrelException notWhole(Exception cause) {
        return new CarrelException(
                ErrorCode.INVALID_REQUEST,
                "The body is not a whole archive; send a tar, tar.gz or zip",
                cause instanceof UncheckedIOException e ? e.getCause() : cause);
    }
}
