package dev.carrel.sandbox.oci;

import dev.carrel.process.Directories;
import dev.carrel.process.Fd;
import dev.carrel.process.FileMetadata;
import dev.carrel.process.Linux;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/// A door at which pid 1 knocks, again and again as long as it has no connection. So nothing of a
/// gVisor sandbox waits at a socket of the host, which could not be saved with its memory.
final class AnsweringDoor implements InitDoor {
    /// One that stands still calls when it goes on, whenever that is.
    private static final Duration WHILE_IT_LIVES = Duration.ofDays(10_000);

    /// How often it is asked whether there still is somebody who could knock.
    private static final Duration LOOK_EVERY = Duration.ofMillis(50);

    private static final int WAITING_MAX = 1;

    private final ServerSocketChannel listener;
    private final Selector selector;
    private final BooleanSupplier alive;

    private AnsweringDoor(ServerSocketChannel listener, Selector selector, BooleanSupplier alive) {
        this.listener = listener;
        this.selector = selector;
        this.alive = alive;
    }

    /// A socket in `folder`, which is only the server's to change, in the place of the one that an
    /// earlier process had. `alive` tells whether the sandbox's process lives.
    static AnsweringDoor open(Path folder, BooleanSupplier alive) throws IOException {
        Selector selector = Selector.open();
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        boolean complete = false;
        try {
            bind(folder, listener);
            listener.configureBlocking(false);
            listener.register(selector, SelectionKey.OP_ACCEPT);
            complete = true;
            return new AnsweringDoor(listener, selector, alive);
        } finally {
            if (!complete) {
                listener.close();
                selector.close();
            }
        }
    }

    // The folder is named by a descriptor: its path may be too long for an address.
    private static void bind(Path folder, ServerSocketChannel listener) throws IOException {
        String half = RunDirectory.CHANNEL + ".new";
        int flags = Linux.O_PATH | Linux.O_DIRECTORY;
        try (Fd directory = Linux.open(folder.toString(), flags, 0)) {
            Directories.unlinkIfThere(directory, half);
            String path = "/proc/self/fd/" + directory.number() + "/" + half;
            listener.bind(UnixDomainSocketAddress.of(path), WAITING_MAX);
            try (Fd socket = Linux.openat(directory, half, Linux.O_PATH, 0)) {
                FileMetadata.chown(socket, IdMap.BASE, IdMap.BASE);
            }
            Directories.rename(directory, half, directory, RunDirectory.CHANNEL, 0);
        }
    }

    @Override
    public InitChannel first(Duration wait) throws IOException, InterruptedException {
        long end = System.nanoTime() + wait.toNanos();
        while (true) {
            SocketChannel caller = listener.accept();
            if (caller != null) {
                return InitChannel.of(caller);
            }
            long left = end - System.nanoTime();
            if (left <= 0 || !alive.getAsBoolean()) {
                throw new IOException("pid 1 does not call");
            }
            selector.select(Math.min(LOOK_EVERY.toMillis(), 1 + left / 1_000_000));
            selector.selectedKeys().clear();
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    @Override
    public InitChannel again() throws IOException, InterruptedException {
        return first(WHILE_IT_LIVES);
    }

    @Override
    public void close() throws IOException {
        listener.close();
        selector.close();
    }
}
