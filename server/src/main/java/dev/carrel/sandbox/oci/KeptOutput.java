package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.sandbox.Execution.Stream;
import dev.carrel.sandbox.OutputKept;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/// One output of an execution, as pid 1 keeps it: its first bytes or its last. It may grow while it
/// is read.
final class KeptOutput implements AutoCloseable {
    /// Bytes that begin at `place` of the stream.
    record Piece(long place, ByteBuffer bytes) {
        long end() {
            return place + bytes.remaining();
        }
    }

    private static final int PIECE_BYTES = 1 << 16;

    /// See `carrel-init.h`: what is being written now may replace as much of the oldest.
    private static final int CHUNK = 1 << 16;

    private static final int RING = OutputKept.Last.BYTES + CHUNK;
    private static final int HEADER = 8;
    private static final long TOTAL_MAX = 1L << 60;
    private static final int ATTEMPTS_MAX = 3;

    private final ExecutionFiles files;
    private final Stream stream;
    private final boolean ring;
    private final long bytesMax;
    private Optional<Fd> file = Optional.empty();

    /// Never reads more than `start` allows, whatever the size of the file.
    KeptOutput(ExecutionFiles files, Stream stream, StartRecord start) {
        this.files = files;
        this.stream = stream;
        this.ring = start.keepsLast();
        this.bytesMax = start.outputBytesMax();
    }

    /// As much as there can be of it.
    long bytesMax() {
        return bytesMax;
    }

    /// What is there from `place`, or the first place after it that is still kept, to `end` at
    /// most; empty when that is nothing.
    Optional<Piece> read(long place, long end) throws IOException {
        if (!isThere()) {
            return Optional.empty();
        }
        return ring ? readRing(place) : readPlain(place, Math.min(end, bytesMax));
    }

    /// The place after the last byte that is there, at most `most`.
    long end(long most) throws IOException {
        if (!isThere()) {
            return 0;
        }
        return ring
                ? total()
                : Math.min(Math.min(most, bytesMax), Linux.stat(file.orElseThrow()).sizeBytes());
    }

    private boolean isThere() throws IOException {
        if (file.isEmpty()) {
            file = files.open(stream);
        }
        return file.isPresent();
    }

    private Optional<Piece> readPlain(long place, long end) throws IOException {
        return place >= end ? Optional.empty() : piece(place, place, end - place);
    }

    private Optional<Piece> piece(long place, long position, long most) throws IOException {
        var bytes = new byte[(int) Math.min(PIECE_BYTES, most)];
        int size = Linux.pread(file.orElseThrow(), bytes, 0, bytes.length, position);
        return size == 0
                ? Optional.empty()
                : Optional.of(new Piece(place, ByteBuffer.wrap(bytes, 0, size)));
    }

    // What is overtaken by the writer while it is read is not what it was: looked at again after.
    private Optional<Piece> readRing(long place) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            long total = total();
            long from = Math.max(place, oldest(total));
            if (from >= total) {
                return Optional.empty();
            }
            long at = from % RING;
            Optional<Piece> piece = piece(from, HEADER + at, Math.min(total - from, RING - at));
            if (oldest(total()) <= from) {
                return piece;
            }
        }
        return Optional.empty(); // the next change brings the next attempt
    }

    private static long oldest(long total) {
        return Math.max(0, total - (RING - CHUNK));
    }

    private long total() throws IOException {
        var header = new byte[HEADER];
        int size = Linux.pread(file.orElseThrow(), header, 0, HEADER, 0);
        long total = ByteBuffer.wrap(Arrays.copyOf(header, HEADER)).getLong();
        if (total < 0 || total > TOTAL_MAX) {
            throw new IOException("not the record of an output: " + files.id());
        }
        return size == HEADER ? total : 0;
    }

    @Override
    public void close() {
        file.ifPresent(Fd::close);
    }
}
