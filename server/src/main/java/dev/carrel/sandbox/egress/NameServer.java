package dev.carrel.sandbox.egress;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The name server of the sandboxes, over UDP and TCP. What comes from an address that belongs to
/// no sandbox, comes too fast, or cannot be read gets no answer.
final class NameServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NameServer.class);

    /// Of all sandboxes; each has a smaller limit of its own.
    private static final int AT_ONCE_MAX = 1024;

    private static final int QUESTION_BYTES_MAX = 4096;
    private static final int SOCKET_BUFFER_BYTES = 1 << 20;
    private static final int BACKLOG = 256;
    private static final Duration STREAM_IDLE_MAX = Duration.ofSeconds(10);

    private final Clients clients;
    private final Replies replies;
    private final DatagramSocket datagrams;
    private final ServerSocket streams;
    private final Semaphore atOnce = new Semaphore(AT_ONCE_MAX);

    private NameServer(
            Clients clients, Replies replies, DatagramSocket datagrams, ServerSocket streams) {
        this.clients = clients;
        this.replies = replies;
        this.datagrams = datagrams;
        this.streams = streams;
    }

    /// Listens on free ports of this address.
    static NameServer open(InetAddress address, Clients clients, Replies replies)
            throws IOException {
        var datagrams = new DatagramSocket(new InetSocketAddress(address, 0));
        try {
            datagrams.setReceiveBufferSize(SOCKET_BUFFER_BYTES);
            var streams = new ServerSocket(0, BACKLOG, address);
            var server = new NameServer(clients, replies, datagrams, streams);
            Thread.ofVirtual().name("names-udp").start(server::receive);
            Thread.ofVirtual().name("names-tcp").start(server::accept);
            return server;
        } catch (IOException e) {
            datagrams.close();
            throw e;
        }
    }

    int datagramPort() {
        return datagrams.getLocalPort();
    }

    int streamPort() {
        return streams.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        datagrams.close();
        streams.close();
    }

    private void receive() {
        var buffer = new byte[QUESTION_BYTES_MAX];
        while (!datagrams.isClosed()) {
            var packet = new DatagramPacket(buffer, buffer.length);
            try {
                datagrams.receive(packet);
            } catch (IOException e) {
                // Errors of earlier answers come up here too; they concern nobody any more.
                continue;
            }
            clients.at(packet.getSocketAddress()).ifPresent(client -> question(client, packet));
        }
    }

    private void question(Client client, DatagramPacket packet) {
        if (!client.rate.take() || !client.questions.tryAcquire()) {
            return;
        }
        if (!atOnce.tryAcquire()) {
            client.questions.release();
            return;
        }
        byte[] question = new byte[packet.getLength()];
        System.arraycopy(packet.getData(), packet.getOffset(), question, 0, question.length);
        var source = packet.getSocketAddress();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        Optional<byte[]> reply = replies.toDatagram(client.policy(), question);
                        if (reply.isPresent()) {
                            byte[] bytes = reply.get();
                            datagrams.send(new DatagramPacket(bytes, bytes.length, source));
                        }
                    } catch (IOException | RuntimeException e) {
                        LOG.debug("a question of a sandbox stays without an answer", e);
                    } finally {
                        atOnce.release();
                        client.questions.release();
                    }
                });
    }

    private void accept() {
        while (!streams.isClosed()) {
            try {
                Socket stream = streams.accept();
                Optional<Client> client = clients.at(stream.getRemoteSocketAddress());
                if (client.isPresent() && client.get().streams.tryAcquire()) {
                    Thread.ofVirtual().start(() -> serve(client.get(), stream));
                } else {
                    stream.close();
                }
            } catch (IOException e) {
                LOG.debug("a connection to the name server failed", e);
            }
        }
    }

    private void serve(Client client, Socket stream) {
        try (stream) {
            stream.setSoTimeout(Math.toIntExact(STREAM_IDLE_MAX.toMillis()));
            var input = new DataInputStream(stream.getInputStream());
            OutputStream output = stream.getOutputStream();
            while (client.rate.take()) {
                int length = input.readUnsignedShort();
                if (length > QUESTION_BYTES_MAX) {
                    return;
                }
                Optional<byte[]> reply =
                        replies.toStream(client.policy(), input.readNBytes(length));
                if (reply.isEmpty()) {
                    return;
                }
                byte[] bytes = reply.get();
                output.write(
                        ByteBuffer.allocate(2 + bytes.length)
                                .putShort((short) bytes.length)
                                .put(bytes)
                                .array());
            }
        } catch (SocketException e) {
            LOG.trace("a sandbox left the name server", e);
        } catch (IOException | RuntimeException e) {
            LOG.debug("a question over TCP stays without an answer", e);
        } finally {
            client.streams.release();
        }
    }
}
