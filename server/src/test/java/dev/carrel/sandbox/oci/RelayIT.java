package dev.carrel.sandbox.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.process.HostCommand;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Pid 1 and its relay on two pipes, without a machine between them.
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RelayIT {
    private static final int AT_ONCE = 120;
    private static final int MEBIBYTES = 8;

    @TempDir private Path folder;
    private Process relay;
    private Process init;

    @BeforeEach
    void start() throws Exception {
        HostCommand.of("mkfifo", folder + "/in", folder + "/out").run().orFail();
        Path program = NativeProgram.INIT.in(folder);
        relay = process(program.toString(), "relay");
        Eventually.holds(() -> Files.exists(folder.resolve("ports")));
    }

    private void startPidOne() throws IOException {
        Files.createDirectory(folder.resolve("run"));
        Files.createDirectory(folder.resolve("mounted"));
        init =
                process(
                        "unshare",
                        "--mount",
                        "--pid",
                        "--fork",
                        "--kill-child",
                        "--mount-proc",
                        "sh",
                        "-c",
                        "mount --bind run mounted && exec ./carrel-init \"$PWD/mounted\" <in >out");
    }

    private Process process(String... command) throws IOException {
        return new ProcessBuilder(command).directory(folder.toFile()).inheritIO().start();
    }

    @AfterEach
    void stop() {
        if (init != null) {
            init.descendants().forEach(ProcessHandle::destroyForcibly);
            init.destroyForcibly();
        }
        relay.destroyForcibly();
    }

    @Test
    void commandsRunAndGoOnWithoutAServer() throws Exception {
        startPidOne();
        ExecutionId id = ExecutionId.next();
        try (InitClient client = client()) {
            InitProcess.start(
                    client,
                    id,
                    ExecutionRequest.shell(
                            "echo begun; while [ ! -e go ]; do sleep 0.02; done; echo ended",
                            folder.toString()));
        }
        for (int i = 0; i < 10; i++) {
            try (InitClient client = client()) {
                assertThat(client.running()).hasSize(1);
            }
        }
        try (InitClient client = client()) {
            Files.writeString(folder.resolve("go"), "");
            assertThat(client.find(id).orElseThrow().follow((stream, text) -> {}).stdout())
                    .isEqualTo("begun\nended\n");
        }
    }

    @Test
    void endOfPidOneIsTheEndOfTheRelay() throws Exception {
        startPidOne();
        try (InitClient client = client()) {
            init.descendants().forEach(ProcessHandle::destroyForcibly);
            Eventually.holds(() -> !client.isAlive());
        }
        assertThat(relay.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void manyStreamsCarryTheirOwnBytes() throws Exception {
        startPidOne();
        try (Echo echo = new Echo()) {
            for (int round = 0; round < 10; round++) {
                List<SocketChannel> streams = new ArrayList<>();
                for (int i = 0; i < AT_ONCE; i++) {
                    streams.add(connect(echo.port()));
                }
                for (int i = 0; i < AT_ONCE; i++) {
                    streams.get(i).write(ByteBuffer.wrap(new byte[] {(byte) i}));
                }
                for (int i = 0; i < AT_ONCE; i++) {
                    InputStream in = Channels.newInputStream(streams.get(i));
                    assertThat(in.read()).as("connected").isEqualTo(1);
                    assertThat(in.read()).isEqualTo(i);
                    streams.get(i).close();
                }
            }
        }
    }

    @Test
    void longStreamsAreWholeAndEnd() throws Exception {
        startPidOne();
        var bytes = new byte[MEBIBYTES << 20];
        new Random(1).nextBytes(bytes);
        try (Echo echo = new Echo();
                SocketChannel stream = connect(echo.port())) {
            Thread writer =
                    Thread.startVirtualThread(() -> {
                        try {
                            ByteBuffer all = ByteBuffer.wrap(bytes);
                            while (all.hasRemaining()) {
                                stream.write(all);
                            }
                            stream.shutdownOutput();
                        } catch (IOException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            InputStream in = Channels.newInputStream(stream);
            assertThat(in.read()).isEqualTo(1);
            assertThat(in.readAllBytes()).isEqualTo(bytes);
            writer.join();
        }
    }

    @Test
    void streamThatNobodyReadsHoldsUpNoOther() throws Exception {
        startPidOne();
        try (Echo echo = new Echo();
                SocketChannel stuck = connect(echo.port());
                InitClient client = client()) {
            stuck.configureBlocking(false);
            ByteBuffer junk = ByteBuffer.allocate(1 << 16);
            long end = System.nanoTime() + Duration.ofMillis(300).toNanos();
            while (System.nanoTime() < end) {
                stuck.write(junk.clear());
            }
            try (SocketChannel other = connect(echo.port())) {
                other.write(ByteBuffer.wrap(new byte[] {42}));
                InputStream in = Channels.newInputStream(other);
                assertThat(in.read()).isEqualTo(1);
                assertThat(in.read()).isEqualTo(42);
            }
            assertThat(InitProcess.shell(client, "echo on").follow((s, t) -> {}).stdout())
                    .isEqualTo("on\n");
        }
    }

    @Test
    void portWhereNobodyListensEndsTheStream() throws Exception {
        startPidOne();
        int free;
        try (var socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        for (int i = 0; i < 2 * AT_ONCE; i++) {
            try (SocketChannel stream = connect(free)) {
                assertThat(Channels.newInputStream(stream).read()).isEqualTo(-1);
            }
        }
    }

    /// Whoever has taken pid 1 over can write anything.
    @Test
    void garbageFromInsideEndsTheRelay() throws Exception {
        byte[][] garbage = {
            {1, 0, 0, 2, 0, 80}, // opens a stream
            {2, 0, (byte) 0xff, (byte) 0xff}, // is longer than a packet
            {2, 9, 0, 1, 7}, // of a stream that is not open
            {9, 0, 0, 0}, // of no type
            {3, (byte) 200, 0, 0}, // of no stream
        };
        for (byte[] packet : garbage) {
            Files.write(folder.resolve("out"), packet);
            assertThat(relay.waitFor(10, TimeUnit.SECONDS)).as("%d", packet[0]).isTrue();
            relay = process(folder.resolve("carrel-init").toString(), "relay");
        }
    }

    private InitClient client() {
        return InitClient.connect(
                SandboxId.next(),
                new RunDirectory(folder.resolve("run")),
                InitDoor.calling(new RunDirectory(folder)),
                () -> 0,
                InstantSource.system(),
                InitProcess.DEADLINE,
                () -> {});
    }

    private SocketChannel connect(int port) throws IOException {
        SocketChannel channel = HostSocket.connect(folder.resolve("ports"));
        channel.write(ByteBuffer.allocate(2).putShort((short) port).flip());
        return channel;
    }

    /// Says what it hears, on the loopback address, which pid 1 shares here.
    private static final class Echo implements AutoCloseable {
        private final ServerSocket listener;

        Echo() throws IOException {
            listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
            Thread.startVirtualThread(this::accept);
        }

        int port() {
            return listener.getLocalPort();
        }

        private void accept() {
            while (!listener.isClosed()) {
                try {
                    Socket socket = listener.accept();
                    Thread.startVirtualThread(() -> answer(socket));
                } catch (IOException e) {
                    return; // closed
                }
            }
        }

        private static void answer(Socket socket) {
            try (socket) {
                socket.getInputStream().transferTo(socket.getOutputStream());
            } catch (IOException e) {
                System.getLogger("relay").log(System.Logger.Level.DEBUG, "given up", e);
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }
}
