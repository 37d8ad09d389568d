package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Errno;
import dev.carrel.process.Fd;
import dev.carrel.process.FdInputStream;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.process.Namespaces;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.ProtocolFamily;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;

/// What the host's `/proc` shows of a sandbox's pid 1, above all its network namespace. The folder
/// of a process that has ended stays that process's: its number given again changes nothing.
final class InitNamespace implements Ports {
    /// Addresses that a server listens on, tried one after the other.
    private static final int ADDRESSES_MAX = 4;

    private final SandboxId sandbox;
    private final ReentrantLock lock = new ReentrantLock();

    /// Guarded by `lock`: `/proc/<pid 1>`.
    private final Fd process;

    private boolean closed;

    private InitNamespace(SandboxId sandbox, Fd process) {
        this.sandbox = sandbox;
        this.process = process;
    }

    static InitNamespace of(SandboxId sandbox, int process) throws LinuxException {
        int flags = Linux.O_PATH | Linux.O_DIRECTORY;
        return new InitNamespace(sandbox, Linux.open("/proc/" + process, flags, 0));
    }

    /// As [dev.carrel.sandbox.RunningSandbox#connect] says. IPv4's loopback is tried blindly, since
    /// most servers are there; where else a server may be, the kernel's table says.
    @Override
    public Optional<SocketChannel> connect(int port, Duration timeout) {
        try {
            Optional<SocketChannel> usual = connect(loopback(port), timeout);
            if (usual.isPresent()) {
                return usual;
            }
            for (InetSocketAddress address : addresses(port)) {
                Optional<SocketChannel> found = connect(address, timeout);
                if (found.isPresent()) {
                    return found;
                }
            }
            return Optional.empty();
        } catch (SocketTimeoutException e) {
            throw new CarrelException(
                    ErrorCode.UNAVAILABLE,
                    "port %d of sandbox %s does not accept a connection within %d s"
                            .formatted(port, sandbox, timeout.toSeconds()),
                    e);
        } catch (IOException e) {
            throw Failures.failed(sandbox, "be connected to", e);
        }
    }

    @Override
    public boolean areOfTheHost() {
        return true;
    }

    @Override
    public List<ListeningSocket> listening() {
        try {
            return ListeningSocket.parse(table("tcp"), table("tcp6"));
        } catch (IOException e) {
            throw Failures.failed(sandbox, "be looked into", e);
        }
    }

    /// The network links inside, as `/proc/net/dev` shows them.
    @Override
    public String links() {
        try {
            return new String(table("dev"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw Failures.failed(sandbox, "be looked into", e);
        }
    }

    private List<InetSocketAddress> addresses(int port) {
        return listening().stream()
                .filter(socket -> socket.port() == port)
                .map(ListeningSocket::reachable)
                .filter(address -> !address.equals(loopback(port)))
                .distinct()
                .limit(ADDRESSES_MAX)
                .toList();
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(ListeningSocket.LOOPBACK, port);
    }

    private Optional<SocketChannel> connect(InetSocketAddress address, Duration timeout)
            throws IOException {
        SocketChannel channel = open(family(address.getAddress()));
        boolean connected = false;
        try {
            channel.socket().connect(address, Math.toIntExact(timeout.toMillis()));
            connected = true;
            return Optional.of(channel);
        } catch (ConnectException | NoRouteToHostException e) {
            return Optional.empty(); // nobody listens there, or not any more
        } finally {
            if (!connected) {
                channel.close();
            }
        }
    }

    private static ProtocolFamily family(InetAddress address) {
        return address instanceof java.net.Inet6Address
                ? StandardProtocolFamily.INET6
                : StandardProtocolFamily.INET;
    }

    /// A socket belongs to the namespace that it was made in, whoever uses it. The thread that goes
    /// there ends there, so nothing has to find its way back.
    private SocketChannel open(ProtocolFamily family) throws IOException {
        try (Fd namespace = openat("ns/net")) {
            var opened = new CompletableFuture<SocketChannel>();
            Thread.ofPlatform()
                    .daemon()
                    .name("sandbox-socket")
                    .start(() ->
                            opened.completeAsync(() -> enter(namespace, family), Runnable::run));
            return opened.join(); // system calls only: it takes no longer when interrupted
        } catch (CompletionException e) {
            throw new IOException("no socket could be made inside", e.getCause());
        }
    }

    private static SocketChannel enter(Fd namespace, ProtocolFamily family) {
        try {
            Namespaces.enter(namespace, Namespaces.CLONE_NEWNET);
            return SocketChannel.open(family);
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    /// Ended processes have none.
    private byte[] table(String name) throws IOException {
        try (var input = new FdInputStream(openat("net/" + name))) {
            return input.readNBytes(ListeningSocket.TABLE_BYTES_MAX);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return new byte[0]; // a host without IPv6
            }
            throw e;
        }
    }

    private Fd openat(String path) throws LinuxException {
        lock.lock();
        try {
            if (closed) {
                throw Failures.notRunning(sandbox);
            }
            return Linux.openat(process, path, Linux.O_RDONLY, 0);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ESRCH || e.errno() == Errno.EINVAL) {
                throw Failures.notRunning(sandbox);
            }
            throw e;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            process.close();
        } finally {
            lock.unlock();
        }
    }
}
