package dev.carrel.model;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// A model provider on a loopback port that answers each request with the next prepared reply, byte
/// by byte as told: whole, in pieces, cut, never ending. Without a reply left it answers 500.
public final class FakeProvider implements AutoCloseable {
    /// A request as it came in; header names are in lower case.
    public record Received(String line, Map<String, String> headers, String body) {}

    /// How a reply ends.
    public enum End {
        /// As HTTP wants it; the connection stays open for the next request.
        COMPLETE,
        /// The connection is closed in the middle of the body.
        CUT,
        /// The connection is reset.
        RESET,
        /// Nothing more comes until the client closes the connection.
        STALL,
        /// The last piece comes again and again until the client closes the connection.
        REPEAT
    }

    /// A reply: a head, then a body in pieces that are sent one by one.
    public record Reply(
            int status, Map<String, String> headers, List<String> pieces, End end, boolean head) {
        /// Server-sent events; each of `events` is one piece and needs no blank line after it.
        public static Reply events(List<String> events) {
            var pieces = events.stream().map(event -> event + "\n\n").toList();
            return new Reply(
                    200, Map.of("content-type", "text/event-stream"), pieces, End.COMPLETE, true);
        }

        public static Reply status(int status, String body) {
            return new Reply(
                    status,
                    Map.of("content-type", "application/json"),
                    List.of(body),
                    End.COMPLETE,
                    true);
        }

        /// Not even a status line.
        public static Reply silence() {
            return new Reply(200, Map.of(), List.of(), End.STALL, false);
        }

        public Reply header(String name, String value) {
            var all = new LinkedHashMap<>(headers);
            all.put(name, value);
            return new Reply(status, all, pieces, end, head);
        }

        public Reply ending(End how) {
            return new Reply(status, headers, pieces, how, head);
        }

        /// Only the first `count` pieces.
        public Reply first(int count) {
            return new Reply(status, headers, pieces.subList(0, count), end, head);
        }
    }

    private static final Duration STALL_MAX = Duration.ofSeconds(30);
    private static final int REPEAT_MILLIS = 20;

    private final ServerSocket server;
    private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>();
    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final List<Socket> connections = new CopyOnWriteArrayList<>();
    private final Semaphore stalled = new Semaphore(0);
    private final Semaphore closedByClient = new Semaphore(0);
    private volatile boolean byteByByte;

    public FakeProvider() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }

    public FakeProvider reply(Reply... next) {
        replies.addAll(Arrays.asList(next));
        return this;
    }

    /// From now on each byte of a body travels alone.
    public FakeProvider byteByByte() {
        byteByByte = true;
        return this;
    }

    public List<Received> received() {
        return List.copyOf(received);
    }

    public int connections() {
        return connections.size();
    }

    /// Waits until a reply has come to its stall.
    public boolean awaitStall(Duration time) throws InterruptedException {
        return stalled.tryAcquire(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// Waits until the client has closed the connection of a stalled reply.
    public boolean awaitClosedByClient(Duration time) throws InterruptedException {
        return closedByClient.tryAcquire(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket connection : connections) {
            connection.close();
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket connection = server.accept();
                connections.add(connection);
                Thread.ofVirtual().start(() -> serve(connection));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            var in = new BufferedInputStream(connection.getInputStream());
            while (true) {
                String line = readLine(in);
                if (line.isEmpty()) {
                    return;
                }
                received.add(request(line, in));
                Reply reply = replies.poll();
                answer(connection, in, reply == null ? Reply.status(500, "{}") : reply);
            }
        } catch (IOException e) {
            // The client went away, or was cut off.
        }
    }

    private void answer(Socket connection, InputStream in, Reply reply) throws IOException {
        OutputStream out = connection.getOutputStream();
        if (reply.head) {
            var head = new StringBuilder("HTTP/1.1 " + reply.status + " Said\r\n");
            reply.headers.forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
            head.append("transfer-encoding: chunked\r\n\r\n");
            send(out, head.toString().getBytes(StandardCharsets.US_ASCII));
        }
        for (String piece : reply.pieces) {
            byte[] bytes = piece.getBytes(StandardCharsets.UTF_8);
            int step = byteByByte ? 1 : Math.max(1, bytes.length);
            for (int from = 0; from < bytes.length; from += step) {
                chunk(out, Arrays.copyOfRange(bytes, from, Math.min(from + step, bytes.length)));
            }
        }
        switch (reply.end) {
            case COMPLETE -> send(out, "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            case CUT -> connection.close();
            case RESET -> {
                connection.setSoLinger(true, 0);
                connection.close();
            }
            case STALL -> stall(connection, in);
            case REPEAT -> repeat(connection, in, reply.pieces.getLast());
        }
    }

    private void repeat(Socket connection, InputStream in, String piece) throws IOException {
        connection.setSoTimeout(REPEAT_MILLIS);
        long end = System.nanoTime() + STALL_MAX.toNanos();
        while (System.nanoTime() < end) {
            try {
                if (in.read() < 0) {
                    closedByClient.release();
                    return;
                }
            } catch (SocketTimeoutException e) {
                chunk(connection.getOutputStream(), piece.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                closedByClient.release();
                throw e;
            }
        }
    }

    private void stall(Socket connection, InputStream in) throws IOException {
        stalled.release();
        connection.setSoTimeout((int) STALL_MAX.toMillis());
        try {
            if (in.read() < 0) {
                closedByClient.release();
            }
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            closedByClient.release();
            throw e;
        }
        connection.close();
    }

    private static void chunk(OutputStream out, byte[] bytes) throws IOException {
        out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
        out.write(bytes);
        send(out, "\r\n".getBytes(StandardCharsets.US_ASCII));
    }

    private static void send(OutputStream out, byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    private static Received request(String line, InputStream in) throws IOException {
        var headers = new LinkedHashMap<String, String>();
        for (String header = readLine(in); !header.isEmpty(); header = readLine(in)) {
            int colon = header.indexOf(':');
            headers.put(
                    header.substring(0, colon).toLowerCase(Locale.ROOT),
                    header.substring(colon + 1).strip());
        }
        int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        return new Received(
                line, headers, new String(in.readNBytes(length), StandardCharsets.UTF_8));
    }

    private static String readLine(InputStream in) throws IOException {
        var line = new ArrayList<Byte>();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            line.add((byte) b);
        }
        byte[] bytes = new byte[line.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = line.get(i);
        }
        return new String(bytes, StandardCharsets.US_ASCII).stripTrailing();
    }
}
