package dev.carrel.image;

import dev.carrel.process.BulkInput;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.store.Ids;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.time.Instant;
import java.util.function.LongConsumer;
import java.util.zip.GZIPInputStream;

/// Unpacked layers by the digest of their content, shared by all images. On disk:
/// `<directory>/<hex>/` with `root/` and `layer.json`, complete as soon as it has that name.
final class LayerStore {
    private static final String HALF = ".half-";
    private static final int BUFFER_BYTES = 1 << 16;

    private final Path directory;

    LayerStore(Path directory) {
        this.directory = directory;
    }

    Path directory() {
        return directory;
    }

    Path folder(Digest content) {
        return directory.resolve(content.hex());
    }

    /// Whether it is there; from then on nobody removes it for as long as a pull may take.
    boolean claim(Digest content) throws IOException {
        Path folder = folder(content);
        if (!Files.isDirectory(folder)) {
            return false;
        }
        Files.setLastModifiedTime(folder, FileTime.from(Instant.now()));
        return true;
    }

    /// Unpacks a layer as a registry sends it and checks it against both of its digests: nothing of
    /// it stays when they are not right. One that is here is checked all the same: whoever gets it
    /// must have been sent it. `taken` hears of each piece.
    void add(
            Descriptor layer,
            Digest content,
            InputStream blob,
            PullBudget budget,
            LongConsumer taken)
            throws IOException {
        if (Files.isDirectory(folder(content))) {
            check(layer, content, new Exactly(blob, layer.sizeBytes(), taken), budget, all -> {});
            return;
        }
        Files.createDirectories(directory);
        Path half = Files.createDirectory(directory.resolve(HALF + Ids.next("lay")));
        boolean complete = false;
        try {
            check(
                    layer,
                    content,
                    new Exactly(blob, layer.sizeBytes(), taken),
                    budget,
                    tar -> unpack(tar, budget, half).write(half));
            ImageFolder.flush(half);
            complete = place(half, folder(content));
        } finally {
            if (!complete) {
                ImageFolder.delete(half);
            }
        }
    }

    /// Unpacks a layer that was made here, of whose content nobody has said anything before;
    /// returns its digest. Nothing of it stays when `whole` fails, which is asked at its end.
    Digest add(InputStream tar, PullBudget budget, Whole whole) throws IOException {
        Files.createDirectories(directory);
        Path half = Files.createDirectory(directory.resolve(HALF + Ids.next("lay")));
        boolean complete = false;
        try {
            var unpacked = new DigestInputStream(tar, Digest.sha256());
            unpack(unpacked, budget, half).write(half);
            drain(unpacked, budget);
            whole.require();
            ImageFolder.flush(half);
            Digest content = Digest.of(unpacked.getMessageDigest());
            complete = place(half, folder(content));
            return content;
        } finally {
            if (!complete) {
                ImageFolder.delete(half);
            }
        }
    }

    /// Fails when something that ended was cut.
    @FunctionalInterface
    interface Whole {
        void require() throws IOException;
    }

    private static boolean place(Path half, Path folder) throws IOException {
        try {
            Files.move(half, folder, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (FileAlreadyExistsException | java.nio.file.DirectoryNotEmptyException e) {
            return false; // another process was faster with the same content
        } catch (java.nio.file.FileSystemException e) {
            if (Files.isDirectory(folder)) {
                return false; // the same, said otherwise
            }
            throw e;
        }
    }

    /// Takes what it needs of a layer, unpacked.
    private interface Taker {
        void take(InputStream tar) throws IOException;
    }

    private static void check(
            Descriptor layer, Digest content, InputStream blob, PullBudget budget, Taker taker)
            throws IOException {
        var sent = new DigestInputStream(blob, Digest.sha256());
        var unpacked = new DigestInputStream(open(layer, sent), Digest.sha256());
        taker.take(unpacked);
        drain(unpacked, budget);
        sent.transferTo(OutputStream.nullOutputStream());
        if (!Digest.of(sent.getMessageDigest()).equals(layer.digest())) {
            throw new IOException("the registry sent something else than layer " + layer.digest());
        }
        if (!Digest.of(unpacked.getMessageDigest()).equals(content)) {
            throw new IOException("layer " + layer.digest() + " does not hold " + content);
        }
    }

    private static LayerNotes unpack(InputStream tar, PullBudget budget, Path half)
            throws IOException {
        Path root = Files.createDirectory(half.resolve("root"));
        int flags = Linux.O_RDONLY | Linux.O_DIRECTORY;
        try (Fd top = Linux.open(root.toString(), flags, 0);
                var unpack = new LayerUnpack(top, budget)) {
            Linux.chmod(top, 0755);
            return unpack.run(new TarReader(tar));
        }
    }

    // Padding after the end of the archive; a bomb could hide there as well.
    private static void drain(InputStream rest, PullBudget budget) throws IOException {
        var buffer = new byte[BUFFER_BYTES];
        for (int got = rest.read(buffer); got >= 0; got = rest.read(buffer)) {
            budget.bytes(got);
        }
    }

    private static InputStream open(Descriptor layer, InputStream sent) throws IOException {
        String type = layer.mediaType();
        if (type.contains("encrypted")
                || type.contains("foreign")
                || type.contains("nondistributable")) {
            throw new IOException("layers of type " + type + " cannot be used");
        }
        if (type.endsWith("zstd")) {
            return new io.airlift.compress.v3.zstd.ZstdInputStream(sent);
        }
        if (type.endsWith("gzip")) {
            return new GZIPInputStream(sent, BUFFER_BYTES);
        }
        if (type.endsWith(".tar")) {
            return sent;
        }
        throw new IOException("layers of type \"" + type + "\" are not known here");
    }

    /// Ends when the promised size was read; fails when less comes, and never asks for more.
    private static final class Exactly extends BulkInput {
        private final InputStream in;
        private final LongConsumer taken;
        private long left;

        Exactly(InputStream in, long bytes, LongConsumer taken) {
            this.in = in;
            this.left = bytes;
            this.taken = taken;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int got = in.read(buffer, offset, (int) Math.min(length, left));
            if (got < 0) {
                throw new IOException("the registry ended a layer early");
            }
            left -= got;
            taken.accept(got);
            return got;
        }

        /// Asked by whoever looks whether another compressed member follows.
        @Override
        public int available() throws IOException {
            return left == 0 ? 0 : in.available();
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
