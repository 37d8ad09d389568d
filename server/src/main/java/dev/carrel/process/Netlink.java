package dev.carrel.process;

import static dev.carrel.process.Native.INT;
import static dev.carrel.process.Native.LONG;
import static dev.carrel.process.Native.POINTER;
import static dev.carrel.process.Native.bind;
import static dev.carrel.process.Native.call;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// A conversation with the kernel about the links, addresses and routes of one network namespace,
/// as rtnetlink(7) has it. The namespace is that of the thread that opened it, whoever uses it
/// then. Used by one thread at a time.
public final class Netlink implements AutoCloseable {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int SOCK_CLOEXEC = 02000000;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int HEADER_BYTES = 16;
    private static final short ERROR = 2;

    /// An answer repeats what was asked.
    private static final int ANSWER_BYTES_MAX = 32_768;

    private static final long GET_INDEX = 0x8933;
    private static final int NAME_BYTES = 16;
    private static final int INTERFACE_REQUEST_BYTES = 40;

    private static final MethodHandle SOCKET = bind("socket", INT, INT, INT, INT);
    private static final MethodHandle SEND = bind("send", LONG, INT, POINTER, LONG, INT);
    private static final MethodHandle RECV = bind("recv", LONG, INT, POINTER, LONG, INT);

    private final Fd socket;

    private Netlink(Fd socket) {
        this.socket = socket;
    }

    /// In the namespace of the calling thread.
    public static Netlink open() throws LinuxException {
        int type = SOCK_RAW | SOCK_CLOEXEC;
        long number =
                call(
                        "socket",
                        (arena, errno) -> (int) SOCKET.invokeExact(errno, AF_NETLINK, type, 0));
        return new Netlink(new Fd((int) number));
    }

    /// In the namespace that a file of `/proc/<pid>/ns` stands for. The thread that goes there ends
    /// there, so nothing has to find its way back.
    public static Netlink in(Fd namespace) throws LinuxException {
        var opened = new CompletableFuture<Netlink>();
        Thread.ofPlatform()
                .daemon()
                .name("netlink")
                .start(() ->
                        opened.completeAsync(
                                () -> {
                                    try {
                                        Namespaces.enter(namespace, Namespaces.CLONE_NEWNET);
                                        return open();
                                    } catch (LinuxException e) {
                                        throw new CompletionException(e);
                                    }
                                },
                                Runnable::run));
        try {
            return opened.join(); // system calls only: it takes no longer when interrupted
        } catch (CompletionException e) {
            if (e.getCause() instanceof LinuxException cause) {
                throw cause;
            }
            throw new IllegalStateException(e);
        }
    }

    /// Asks for all of it, in order, in one call. A request that fails does not keep the kernel
    /// from the ones after it; the first failure is thrown.
    public void send(List<NetlinkMessage> messages) throws LinuxException {
        int size = messages.stream().mapToInt(message -> message.bytes().length).sum();
        ByteBuffer all = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
        for (int i = 0; i < messages.size(); i++) {
            int start = all.position();
            all.put(messages.get(i).bytes()).putInt(start + 8, i);
        }
        int fd = socket.number();
        Native.Call send =
                (arena, errno) -> {
                    MemorySegment memory = arena.allocate(size, 8);
                    MemorySegment.copy(all.array(), 0, memory, JAVA_BYTE, 0, size);
                    return (long) SEND.invokeExact(errno, fd, memory, (long) size, 0);
                };
        call("netlink send", send);
        takeAnswers(messages);
    }

    /// The number of a link, which other requests take.
    public int index(String link) throws LinuxException {
        byte[] name = link.getBytes(StandardCharsets.US_ASCII);
        if (name.length >= NAME_BYTES) {
            throw new IllegalArgumentException("no link has a name as long as " + link);
        }
        var request = new byte[INTERFACE_REQUEST_BYTES];
        System.arraycopy(name, 0, request, 0, name.length);
        Ioctl.call(socket, GET_INDEX, request);
        return ByteBuffer.wrap(request).order(ByteOrder.nativeOrder()).getInt(NAME_BYTES);
    }

    // The kernel has answered all of them by the time that send returns.
    private void takeAnswers(List<NetlinkMessage> messages) throws LinuxException {
        int answered = 0;
        LinuxException failure = null;
        while (answered < messages.size()) {
            ByteBuffer answers = receive();
            while (answers.remaining() >= HEADER_BYTES + Integer.BYTES) {
                int start = answers.position();
                int length = answers.getInt(start);
                if (answers.getShort(start + 4) == ERROR) {
                    int error = -answers.getInt(start + HEADER_BYTES);
                    NetlinkMessage asked = messages.get(answers.getInt(start + 8));
                    if (error != 0 && failure == null) {
                        failure = new LinuxException(error, "netlink: " + asked.what());
                    }
                    answered++;
                }
                answers.position(Math.min(answers.limit(), start + NetlinkMessage.aligned(length)));
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private ByteBuffer receive() throws LinuxException {
        int fd = socket.number();
        var bytes = new byte[ANSWER_BYTES_MAX];
        Native.Call receive =
                (arena, errno) -> {
                    MemorySegment memory = arena.allocate(ANSWER_BYTES_MAX, 8);
                    long got =
                            (long)
                                    RECV.invokeExact(
                                            errno,
                                            fd,
                                            memory,
                                            (long) ANSWER_BYTES_MAX,
                                            MSG_DONTWAIT);
                    MemorySegment.copy(memory, JAVA_BYTE, 0, bytes, 0, (int) Math.max(got, 0));
                    return got;
                };
        int size = (int) call("netlink recv", receive);
        return ByteBuffer.wrap(bytes, 0, size).order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() {
        socket.close();
    }
}
