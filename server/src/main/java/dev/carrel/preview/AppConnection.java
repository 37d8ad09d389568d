package dev.carrel.preview;

import dev.carrel.http.BodyInput;
import dev.carrel.http.Field;
import dev.carrel.http.Fields;
import dev.carrel.http.Framing;
import dev.carrel.http.HeadParser;
import dev.carrel.http.ResponseHead;
import dev.carrel.http.WireInput;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardSocketOptions;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A connection to an application in a sandbox, for one request. One thread writes, one reads, and
/// a third one looks at the clock now and then.
final class AppConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AppConnection.class);

    /// Why it was cut, if it was.
    enum Cut {
        NOT,
        LATE,
        CLIENT_GONE,
        MALFORMED_REQUEST
    }

    private final SocketChannel channel;
    private final int port;
    private final PreviewSettings settings;
    private final WireInput input;
    private final Object lock = new Object();
    private volatile Cut cut = Cut.NOT; // written under lock
    private volatile long movedNanos = System.nanoTime();
    private volatile boolean awaitsAnswer;
    private volatile boolean answered;

    AppConnection(SocketChannel channel, int port, PreviewSettings settings) throws IOException {
        this.channel = channel;
        this.port = port;
        this.settings = settings;
        // Of a sandbox with a kernel of its own it is a socket of another kind.
        if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        this.input = new WireInput(Channels.newInputStream(channel));
    }

    int port() {
        return port;
    }

    Cut cut() {
        return cut;
    }

    OutputStream output() {
        return Channels.newOutputStream(channel);
    }

    /// The bytes of another protocol, after the answer that switched to it.
    InputStream rawInput() {
        return new BodyInput(input, new Framing.UntilClose());
    }

    BodyInput body(Framing framing) {
        return new BodyInput(input, framing);
    }

    /// Sends the head of a request, which keeps the framing that it came with.
    void send(String method, String target, Fields fields, Framing framing) throws IOException {
        var text = new StringBuilder(method).append(' ').append(target).append(" HTTP/1.1\r\n");
        for (Field field : fields.list()) {
            text.append(field.name()).append(": ").append(field.value()).append("\r\n");
        }
        switch (framing) {
            case Framing.Length(long bytes) -> text.append("Content-Length: ").append(bytes);
            case Framing.Chunked() -> text.append("Transfer-Encoding: chunked");
            case Framing.None(), Framing.UntilClose() -> text.setLength(text.length() - 2);
        }
        output().write(text.append("\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    ResponseHead readHead(String method) throws IOException {
        byte[] head =
                input.readHead(HeadParser.HEAD_BYTES_MAX, this::moved)
                        .orElseThrow(() -> new IOException("the application closed"));
        moved();
        return HeadParser.response(head, method);
    }

    /// From now on the application has the request, and its time to answer runs.
    void requestSent() {
        moved();
        awaitsAnswer = true;
    }

    void answerBegun() {
        answered = true;
        moved();
    }

    /// Something went through, in whichever direction.
    void moved() {
        movedNanos = System.nanoTime();
    }

    /// Cuts it when nothing has moved for too long.
    void cutIfLate() {
        long nanos = System.nanoTime() - movedNanos;
        boolean waits = awaitsAnswer && !answered;
        if (nanos > (waits ? settings.firstByteMax() : settings.idleMax()).toNanos()) {
            cut(Cut.LATE);
        }
    }

    /// Ends it at once. The first reason is the one that counts.
    void cut(Cut reason) {
        synchronized (lock) {
            cut = cut == Cut.NOT ? reason : cut;
        }
        close();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a connection to an application", e);
        }
    }
}
