package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One WebSocket (RFC 6455) of a client. One thread receives, any thread sends; a message is at
/// most 64 KiB either way. A client that takes nothing for the server's stall limit, or does not
/// answer pings, is cut off.
public final class WebSocket {
    public static final int NORMAL = 1000;
    public static final int GOING_AWAY = 1001;
    public static final int PROTOCOL_ERROR = 1002;
    public static final int INVALID_TEXT = 1007;
    public static final int POLICY = 1008;
    public static final int TOO_LARGE = 1009;
    public static final int FAILED = 1011;
    public static final int TRY_LATER = 1013;

    /// Stands for an end without a close frame; never sent.
    static final int GONE = 1006;

    /// How long the other side may take to say goodbye, too.
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(WebSocket.class);

    /// What a client sends.
    public sealed interface Message {
        record Text(String text) implements Message {}

        /// Bytes that are the receiver's own.
        @SuppressWarnings("ArrayRecordComponent")
        record Bytes(byte[] bytes) implements Message {}
    }

    private final ClientConnection connection;
    private final WebSocketFrames frames;

    /// Held while writing, I/O included: frames must not mix on the wire.
    private final ReentrantLock sending = new ReentrantLock();

    private final Progress progress = new Progress();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean closeSent;
    private volatile long lastReceivedNanos = System.nanoTime();
    private volatile long lastPingNanos = System.nanoTime();

    WebSocket(ClientConnection connection) {
        this.connection = connection;
        this.frames = new WebSocketFrames(connection.input());
    }

    /// The next message; empty when there will be none, because either side has closed it or the
    /// client has gone. What breaks the protocol closes it.
    public Optional<Message> receive() {
        try {
            return next();
        } catch (WebSocketFrames.BrokenException e) {
            if (e.code() != GONE) {
                part(e);
            }
        } catch (IOException | ClientGoneException e) {
            LOG.debug("a WebSocket broke", e);
        }
        ended.countDown();
        return Optional.empty();
    }

    /// What else the client has sent is thrown away: it would lose the reason to a reset otherwise.
    private void part(WebSocketFrames.BrokenException e) {
        String reason = String.valueOf(e.getMessage());
        close(e.code(), reason);
        try {
            skipToGoodbye();
            sendClose(WebSocketFrames.goodbye(e.code(), reason)); // unless that was done by now
        } catch (IOException | ClientGoneException gone) {
            LOG.debug("a WebSocket broke", gone);
        }
    }

    private void skipToGoodbye() throws IOException {
        try {
            while (frames.read().opcode() != WebSocketFrames.CLOSE) {}
        } catch (WebSocketFrames.BrokenException e) {
            var rest = new byte[1 << 13];
            while (connection.input().read(rest, 0, rest.length) >= 0) {}
        }
    }

    private Optional<Message> next() throws IOException {
        var payload = new ByteArrayOutputStream();
        int opcode = WebSocketFrames.CONTINUATION;
        while (true) {
            WebSocketFrames.Frame frame = frames.read();
            lastReceivedNanos = System.nanoTime();
            if (frame.isControl()) {
                if (!control(frame)) {
                    ended.countDown();
                    return Optional.empty();
                }
                continue;
            }
            boolean first = opcode == WebSocketFrames.CONTINUATION;
            if (first == (frame.opcode() == WebSocketFrames.CONTINUATION)) {
                throw new WebSocketFrames.BrokenException(
                        PROTOCOL_ERROR, "a message's parts are out of order");
            }
            opcode = first ? frame.opcode() : opcode;
            payload.write(frame.payload());
            if (payload.size() > WebSocketFrames.MESSAGE_BYTES_MAX) {
                throw WebSocketFrames.tooLarge();
            }
            if (frame.last()) {
                return Optional.of(message(opcode, payload.toByteArray()));
            }
        }
    }

    private static Message message(int opcode, byte[] payload) throws IOException {
        if (opcode == WebSocketFrames.BINARY) {
            return new Message.Bytes(payload);
        }
        try {
            return new Message.Text(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(payload))
                            .toString());
        } catch (CharacterCodingException e) {
            throw new WebSocketFrames.BrokenException(INVALID_TEXT, "text that is not UTF-8");
        }
    }

    /// Whether more may come.
    private boolean control(WebSocketFrames.Frame frame) throws IOException {
        switch (frame.opcode()) {
            case WebSocketFrames.PING -> write(WebSocketFrames.PONG, frame.payload());
            case WebSocketFrames.CLOSE -> {
                sendClose(WebSocketFrames.answer(frame.payload()));
                return false;
            }
            default -> {}
        }
        return true;
    }

    /// Fails with [ClientGoneException], as all that sends.
    public void send(String text) {
        write(WebSocketFrames.TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    public void send(byte[] bytes) {
        write(WebSocketFrames.BINARY, bytes);
    }

    /// Says goodbye; the first one counts. The receiving thread sees the end when the client has
    /// answered, or 2 seconds later.
    public void close(int code, String reason) {
        byte[] payload = WebSocketFrames.goodbye(code, reason);
        Thread.ofVirtual()
                .name("websocket-close")
                .start(() -> {
                    try {
                        sendClose(payload);
                    } catch (ClientGoneException e) {
                        LOG.debug("nobody is there to be told", e);
                    }
                    cutUnlessEnded();
                });
    }

    private void cutUnlessEnded() {
        try {
            if (!ended.await(CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                connection.cut();
            }
        } catch (InterruptedException e) {
            connection.cut(); // nobody interrupts this thread
        }
    }

    /// Names the error: 4000 and its HTTP status, or that the server failed.
    static int codeOf(CarrelException e) {
        return e.code().kind() == ErrorKind.INTERNAL ? FAILED : 4000 + e.code().httpStatus();
    }

    /// When its handler has returned: lets the goodbye arrive.
    void finish(int code, String reason) {
        boolean alive = ended.getCount() > 0;
        if (alive) {
            close(code, reason);
            while (receive().isPresent()) {}
        }
    }

    private void sendClose(byte[] payload) {
        sending.lock();
        try {
            if (!closeSent) {
                write(WebSocketFrames.CLOSE, payload);
                closeSent = true;
            }
        } finally {
            sending.unlock();
        }
    }

    private void write(int opcode, byte[] payload) {
        // One that came before would break the connection; whoever waits next sees it.
        boolean interrupted = Thread.interrupted();
        sending.lock();
        progress.blocked();
        try {
            if (closeSent) {
                throw new ClientGoneException(null);
            }
            connection.output().write(WebSocketFrames.write(opcode, payload));
        } catch (IOException e) {
            throw new ClientGoneException(e);
        } finally {
            progress.moved();
            sending.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Called by the sweeper, which must not block.
    void sweep(Duration pingEvery, Duration stallMax) {
        long now = System.nanoTime();
        if (progress.isStuck(stallMax)
                || now - lastReceivedNanos > pingEvery.plus(stallMax).toNanos()) {
            connection.cut();
        } else if (now - Math.max(lastReceivedNanos, lastPingNanos) > pingEvery.toNanos()) {
            lastPingNanos = now;
            Thread.ofVirtual().name("websocket-ping").start(this::ping);
        }
    }

    private void ping() {
        if (sending.tryLock()) {
            try {
                write(WebSocketFrames.PING, new byte[0]);
            } catch (ClientGoneException e) {
                LOG.debug("a WebSocket's client has gone", e);
            } finally {
                sending.unlock();
            }
        }
    }
}
