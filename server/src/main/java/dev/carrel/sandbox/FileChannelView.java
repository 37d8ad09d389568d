package dev.carrel.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/// An open file as a channel to read from, with a limit on how much. Whoever opened the file closes
/// it.
final class FileChannelView implements SeekableByteChannel {
    private static final int READ_BYTES_MAX = 1 << 16;

    private final OpenFile file;
    private final long size;
    private long position;
    private long left = Long.MAX_VALUE;

    FileChannelView(OpenFile file, long size) {
        this.file = file;
        this.size = size;
    }

    /// From here on, no more than so many bytes.
    void allow(long bytes) {
        left = bytes;
    }

    @Override
    @SuppressWarnings("resource") // closing the stream would close the file
    public int read(ByteBuffer target) throws IOException {
        if (!target.hasRemaining()) {
            return 0;
        }
        InputStream content = file.from(position);
        byte[] buffer = new byte[Math.min(target.remaining(), READ_BYTES_MAX)];
        int n = content.read(buffer);
        if (n > 0) {
            left -= n;
            if (left < 0) {
                throw ZipUnpacking.tooMany();
            }
            target.put(buffer, 0, n);
            position += n;
        }
        return n;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SeekableByteChannel position(long newPosition) {
        position = newPosition;
        return this;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {}

    @Override
    public int write(ByteBuffer source) {
        throw new NonWritableChannelException();
    }

    @Override
    public SeekableByteChannel truncate(long newSize) {
        throw new NonWritableChannelException();
    }
}
