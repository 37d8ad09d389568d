package dev.carrel.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.carrel.error.CarrelException;
import dev.carrel.http.Response.Body;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.RoutingResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sends the answer of one request. The request's virtual thread runs it; the [Sweeper] looks in.
final class Exchange implements Swept {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
    private static final int COPY_BYTES = 1 << 16;

    private final String requestId;
    private final ConnectionContext connection;
    private final RoutingResponse response;
    private final Progress progress = new Progress();
    private boolean closeAfter;
    private boolean headOnly;
    private volatile @Nullable SseWriter events;
    private volatile @Nullable Watch watch;
    private volatile @Nullable WebSocket socket;
    private volatile boolean serverClosing;

    Exchange(String requestId, ConnectionContext connection, RoutingResponse response) {
        this.requestId = requestId;
        this.connection = connection;
        this.response = response;
    }

    Progress progress() {
        return progress;
    }

    /// Ends the connection once the answer is sent.
    void closeAfter() {
        closeAfter = true;
    }

    /// Sends no body, whatever the answer has.
    void headOnly() {
        headOnly = true;
    }

    /// Sends `answer` to its end. Fails with [CloseConnectionException] where the connection must
    /// not be used again.
    void send(Response answer) {
        if (headOnly) {
            sendHead(answer);
            return;
        }
        switch (answer.body()) {
            case Body.Bytes held -> sendBytes(answer, held.bytes());
            case Body.Streamed streamed -> sendStream(answer, streamed);
            case Body.Events(EventStream stream) -> sendEvents(answer, stream);
            case Body.Written(BodyWriter writer) -> sendWritten(answer, writer);
            case Body.Awaited(AwaitedAnswer awaited) -> sendAwaited(awaited);
            case Body.Socket(WebSocketHandler handler) -> openSocket(answer, handler);
        }
    }

    private void sendHead(Response answer) {
        head(answer);
        HeadAnswers.length(answer.body()).ifPresent(response::contentLength);
        writing(response::send);
    }

    private void sendWritten(Response answer, BodyWriter writer) {
        var out = new LateOutput(() -> openStream(answer), this::writing);
        try {
            writer.write(out);
            out.finish();
            writing(response::commit);
        } catch (CloseConnectionException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            if (!out.isBegun()) {
                sendBytesOf(ErrorBodies.response(asFailure(e), requestId));
                return;
            }
            BrokenAnswers.log(e);
            throw new CloseConnectionException("an answer broke off", e);
        } catch (InterruptedException e) {
            throw new CloseConnectionException("the server is closing", e);
        }
    }

    private void openSocket(Response answer, WebSocketHandler handler) {
        var client = new ClientConnection(connection);
        var opened = new WebSocket(client);
        response.status(answer.status());
        socket = opened;
        if (serverClosing) {
            closeStream();
        }
        try {
            client.output().write(WebSocketHandshake.head(answer, requestId));
            handler.run(opened);
            opened.finish(WebSocket.NORMAL, "");
        } catch (IOException | ClientGoneException e) {
            LOG.debug("a WebSocket's client has gone", e);
        } catch (InterruptedException e) {
            opened.finish(WebSocket.GOING_AWAY, "the server is closing");
        } catch (RuntimeException e) {
            CarrelException failure = asFailure(e);
            opened.finish(WebSocket.codeOf(failure), failure.text());
        } finally {
            socket = null;
        }
        throw new CloseConnectionException("a WebSocket has ended");
    }

    private void sendBytes(Response answer, byte[] bytes) {
        head(answer);
        writing(() -> response.send(bytes));
    }

    private void sendStream(Response answer, Body.Streamed streamed) {
        head(answer);
        streamed.length().ifPresent(response::contentLength);
        try (InputStream in = streamed.bytes()) {
            OutputStream out = response.outputStream();
            byte[] buffer = new byte[COPY_BYTES];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                int length = count;
                writing(() -> out.write(buffer, 0, length));
            }
            writing(response::commit);
        } catch (IOException | CarrelException e) {
            // The head is out: only a missing end can tell the client.
            BrokenAnswers.log(e);
            throw new CloseConnectionException("an answer broke off", e);
        }
    }

    private void sendAwaited(AwaitedAnswer awaited) {
        closeAfter(); // its reader is not Helidon's any more
        Watch watching = watch();
        Response answer;
        try {
            answer = awaited.make();
        } catch (InterruptedException e) {
            throw new CloseConnectionException("nobody waits for the answer any more", e);
        } catch (RuntimeException e) {
            answer = ErrorBodies.response(asFailure(e), requestId);
        } finally {
            watching.finish();
        }
        sendBytesOf(answer);
        throw new CloseConnectionException("closed after an answer that took its time");
    }

    private Watch watch() {
        var watching = new Watch();
        watch = watching;
        if (serverClosing) {
            watching.close();
        }
        watching.start(connection.dataReader());
        return watching;
    }

    private void sendEvents(Response answer, EventStream stream) {
        closeAfter();
        Watch watching = watch();
        var sink = new SseWriter(() -> openStream(answer), watching, progress);
        events = sink;
        try {
            stream.run(sink);
            sink.open(); // a stream without events is a stream, too
        } catch (ClientGoneException e) {
            throw new CloseConnectionException("client gone", e);
        } catch (InterruptedException e) {
            LOG.debug("a stream was ended");
        } catch (RuntimeException e) {
            failStream(sink, e);
        } finally {
            events = null;
            watching.finish();
        }
        if (sink.isOpen() && !watching.isGone()) {
            writing(response::commit);
        }
        throw new CloseConnectionException("a stream has ended");
    }

    private OutputStream openStream(Response answer) {
        head(answer);
        return response.outputStream();
    }

    private void failStream(SseWriter sink, RuntimeException e) {
        CarrelException failure = asFailure(e);
        if (sink.isClientGone()) {
            return;
        }
        if (!sink.isOpen()) {
            sendBytesOf(ErrorBodies.response(failure, requestId));
            return;
        }
        Response body = ErrorBodies.response(failure, requestId);
        body.bytes().ifPresent(bytes -> sink.send("error", new String(bytes, UTF_8)));
    }

    private void sendBytesOf(Response held) {
        held.bytes().ifPresent(bytes -> sendBytes(held, bytes));
    }

    CarrelException asFailure(Throwable e) {
        return ErrorBodies.failure(requestId, e);
    }

    private void head(Response answer) {
        response.status(answer.status());
        answer.headers().forEach((name, value) -> response.header(headerName(name), value));
        response.header(headerName("x-request-id"), requestId);
        if (closeAfter) {
            response.header(HeaderNames.CONNECTION, "close");
        }
    }

    private static HeaderName headerName(String name) {
        return HeaderNames.create(name);
    }

    /// Something that writes to the client.
    interface Write {
        void run() throws IOException;
    }

    private void writing(Write write) {
        progress.blocked();
        try {
            write.run();
        } catch (IOException | UncheckedIOException | ServerConnectionException e) {
            throw new CloseConnectionException("the client has gone", e);
        } finally {
            progress.moved();
        }
    }

    @Override
    public void sweep(Duration pingEvery, Duration stallMax) {
        cutIfStuck(stallMax);
        pingIfSilent(pingEvery);
        WebSocket open = socket;
        if (open != null) {
            open.sweep(pingEvery, stallMax);
        }
    }

    private void cutIfStuck(Duration limit) {
        if (progress.isStuck(limit)) {
            LOG.debug("cutting a connection that made no progress for {}", limit);
            Watch watching = watch;
            if (watching != null) {
                watching.gone();
            }
            cut();
        }
    }

    void cut() {
        new ClientConnection(connection).cut();
    }

    // The ping blocks, so it has a thread of its own.
    private void pingIfSilent(Duration silence) {
        SseWriter sink = events;
        if (sink != null && sink.isSilent(silence)) {
            Thread.ofVirtual().name("sse-ping").start(() -> sink.pingAfter(silence));
        }
    }

    @Override
    public void closeStream() {
        serverClosing = true;
        Watch watching = watch;
        if (watching != null) {
            watching.close();
        }
        WebSocket open = socket;
        if (open != null) {
            open.close(WebSocket.GOING_AWAY, "the server is closing");
        }
    }
}
