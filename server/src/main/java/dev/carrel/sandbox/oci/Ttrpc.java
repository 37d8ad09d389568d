package dev.carrel.sandbox.oci;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;

/// Calls of a ttrpc service at a Unix socket, each over a connection of its own: a frame is u32
/// length, u32 stream, u8 type, u8 flags, data, all big-endian
/// (<https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md>).
record Ttrpc(Path socket, String service) {
    /// As the protocol has it.
    private static final int DATA_BYTES_MAX = 4 << 20;

    private static final int HEADER = 10;
    private static final int STREAM = 1;
    private static final byte REQUEST = 1;
    private static final byte RESPONSE = 2;

    /// Returns what the method answers; fails with the service's own words when it refuses.
    Protobuf.Message call(String method, Protobuf body, Duration timeout) throws IOException {
        byte[] request =
                new Protobuf()
                        .string(1, service)
                        .string(2, method)
                        .bytes(3, body.toBytes())
                        .number(4, timeout.toNanos())
                        .toBytes();
        Protobuf.Message response = Protobuf.parse(exchange(request, timeout));
        Protobuf.Message status = Protobuf.parse(response.bytes(1).orElse(new byte[0]));
        if (status.number(1) != 0) {
            throw new IOException("%s was refused: %s".formatted(method, status.string(2)));
        }
        return Protobuf.parse(response.bytes(2).orElse(new byte[0]));
    }

    private byte[] exchange(byte[] request, Duration timeout) throws IOException {
        long end = System.nanoTime() + timeout.toNanos();
        try (SocketChannel channel = HostSocket.connect(socket);
                Selector selector = Selector.open()) {
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_WRITE);
            ByteBuffer frame = ByteBuffer.allocate(HEADER + request.length);
            frame.putInt(request.length).putInt(STREAM).put(REQUEST).put((byte) 0).put(request);
            frame.flip();
            while (frame.hasRemaining()) {
                await(selector, end);
                channel.write(frame);
            }
            key.interestOps(SelectionKey.OP_READ);
            ByteBuffer header = read(channel, selector, HEADER, end);
            int length = header.getInt();
            if (header.getInt() != STREAM || header.get() != RESPONSE) {
                throw new IOException("not the answer to what was asked");
            }
            if (length < 0 || length > DATA_BYTES_MAX) {
                throw new IOException("an answer of " + length + " bytes");
            }
            return read(channel, selector, length, end).array();
        }
    }

    private static ByteBuffer read(SocketChannel from, Selector selector, int bytes, long end)
            throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            await(selector, end);
            if (from.read(buffer) < 0) {
                throw new EOFException("the connection was closed before the answer");
            }
        }
        return buffer.flip();
    }

    private static void await(Selector selector, long end) throws IOException {
        long left = end - System.nanoTime();
        if (left <= 0) {
            throw new IOException("no answer in time");
        }
        selector.select(1 + left / 1_000_000);
        selector.selectedKeys().clear();
        if (Thread.currentThread().isInterrupted()) {
            throw new IOException("interrupted");
        }
    }
}
