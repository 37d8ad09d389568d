package dev.carrel.sandbox.oci;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// One connection to pid 1. One thread may send while another receives; an interrupt of either
/// closes it.
final class InitChannel implements AutoCloseable {
    private final SocketChannel socket;
    private final ByteBuffer received = ByteBuffer.allocate(InitMessage.BYTES_MAX).limit(0);

    private InitChannel(SocketChannel socket) {
        this.socket = socket;
    }

    /// `socket` blocks, and is closed with this.
    static InitChannel of(SocketChannel socket) {
        return new InitChannel(socket);
    }

    /// Connects to a pid 1 that is there; fails at once when it is not.
    static InitChannel open(RunDirectory directory) throws IOException {
        return new InitChannel(HostSocket.connect(directory.path().resolve(RunDirectory.CHANNEL)));
    }

    /// Connects to a pid 1 that may be just starting.
    static InitChannel await(RunDirectory directory, Duration timeout)
            throws IOException, InterruptedException {
        try {
            return open(directory);
        } catch (IOException e) {
            long end = System.nanoTime() + timeout.toNanos();
            return awaitNews(directory, end);
        }
    }

    // The socket is renamed into place when it listens, so each try follows a change.
    private static InitChannel awaitNews(RunDirectory directory, long end)
            throws IOException, InterruptedException {
        try (WatchService news = directory.path().getFileSystem().newWatchService()) {
            directory.path().register(news, StandardWatchEventKinds.ENTRY_CREATE);
            while (true) {
                try {
                    return open(directory);
                } catch (IOException e) {
                    var key = news.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                    if (key == null) {
                        throw e;
                    }
                    key.pollEvents();
                    key.reset();
                }
            }
        }
    }

    void send(ByteBuffer frame) throws IOException {
        ByteBuffer bytes = frame.duplicate();
        while (bytes.hasRemaining()) {
            socket.write(bytes);
        }
    }

    /// The next message; fails when the connection ends or what comes is no message.
    InitMessage receive() throws IOException {
        fill(Integer.BYTES);
        int length = received.getInt();
        if (length <= 0 || length > InitMessage.BYTES_MAX - Integer.BYTES) {
            throw new IOException("a message of " + length + " bytes");
        }
        fill(length);
        ByteBuffer body = received.slice(received.position(), length);
        received.position(received.position() + length);
        try {
            return InitMessage.parse(body);
        } catch (IllegalArgumentException e) {
            throw new IOException("not a message", e);
        }
    }

    private void fill(int bytes) throws IOException {
        if (received.remaining() >= bytes) {
            return;
        }
        received.compact();
        while (received.position() < bytes) {
            if (socket.read(received) < 0) {
                throw new EOFException("pid 1 closed the connection");
            }
        }
        received.flip();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
