package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.telemetry.Logs;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.spi.ServerConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client's connection. Reads the head of each request, refuses what is not plainly HTTP/1.1,
/// and gives it to whoever serves the host that it names: a proxy in front of us may send requests
/// for many hosts down one connection. Its own virtual thread runs it.
///
/// Helidon gets a connection of its own for each request, because its loop would not give this one
/// back: the same bytes, head included, and what it has read too much comes back.
final class FrontConnection implements ServerConnection, Swept {
    private static final Logger LOG = LoggerFactory.getLogger(FrontConnection.class);

    /// What a refused body may still send before its connection is closed, and for how long:
    /// clients that write before they read would lose the answer to a reset.
    private static final long LINGER_BYTES_MAX = 16 << 20;

    private static final Duration LINGER_MAX = Duration.ofSeconds(5);

    private final Front front;
    private final ConnectionContext context;
    private final ClientConnection client;
    private final Progress readingHead = new Progress();
    private volatile @Nullable Thread thread;
    private volatile @Nullable ServerConnection helidon;
    private volatile boolean closing;
    private volatile boolean idle;
    private volatile long idleSinceNanos = System.nanoTime();

    /// Whether Helidon has answered one request as a whole. Its own thread's only.
    private boolean served;

    FrontConnection(Front front, ConnectionContext context) {
        this.front = front;
        this.context = context;
        this.client = new ClientConnection(context);
    }

    @Override
    public void handle(Limit limit) throws InterruptedException {
        thread = Thread.currentThread();
        front.sweeper().add(this);
        try {
            while (!closing && serveOne(limit)) {
                idleSinceNanos = System.nanoTime();
            }
        } catch (MalformedException e) {
            refuse(e);
        } catch (IOException | ClientGoneException e) {
            LOG.debug("a connection broke", e);
        } finally {
            front.sweeper().remove(this);
        }
    }

    /// Whether there may be another request after this one.
    private boolean serveOne(Limit limit) throws IOException, InterruptedException {
        idle = true;
        Optional<byte[]> bytes;
        try {
            bytes = client.input().readHead(HeadParser.HEAD_BYTES_MAX, this::begin);
        } finally {
            idle = false;
            readingHead.moved();
        }
        if (bytes.isEmpty()) {
            return false;
        }
        RequestHead head = HeadParser.request(bytes.get());
        return front.hosts().owns(head.host())
                ? serveHost(head)
                : serveRoutes(head, bytes.get(), limit);
    }

    private void begin() {
        idle = false;
        readingHead.blocked();
    }

    private boolean serveHost(RequestHead head) throws IOException, InterruptedException {
        String id = RequestIds.next();
        var exchange = new HostExchange(id, head, client);
        front.sweeper().add(exchange);
        long start = System.nanoTime();
        try (Logs.Scope _ = Logs.with("request", id)) {
            front.hosts().handle(exchange);
            if (exchange.hasBodyLeft()) {
                linger(exchange);
            }
            return exchange.isReusable();
        } finally {
            front.sweeper().remove(exchange);
            front.metrics()
                    .record(
                            "carrel.http.hosts",
                            Duration.ofNanos(System.nanoTime() - start),
                            "answered",
                            Boolean.toString(exchange.isAnswered()));
        }
    }

    private static void linger(HostExchange exchange) {
        var buffer = new byte[1 << 13];
        long skipped = 0;
        long end = System.nanoTime() + LINGER_MAX.toNanos();
        try {
            for (int count = 0;
                    count >= 0 && skipped < LINGER_BYTES_MAX && System.nanoTime() < end;
                    count = exchange.read(buffer)) {
                skipped += count;
            }
        } catch (IOException e) {
            LOG.trace("the rest of an unwanted body ended", e);
        }
    }

    private boolean serveRoutes(RequestHead head, byte[] bytes, Limit limit)
            throws IOException, InterruptedException {
        Pieces pieces = forHelidon(head, bytes);
        DataReader reader = DataReader.create(() -> moreForHelidon(pieces));
        served = false;
        ServerConnection one = front.routes().connection(new FrontContext(context, reader, this));
        helidon = one;
        try {
            one.handle(limit);
        } finally {
            helidon = null;
        }
        int unused = reader.available();
        if (served && unused > 0) {
            client.input().unread(reader.readBytes(unused));
        }
        return served;
    }

    /// What Helidon reads, as it comes.
    @FunctionalInterface
    private interface Pieces {
        Optional<byte[]> next() throws IOException;
    }

    /// The request as it came, but for the size of its chunks.
    private Pieces forHelidon(RequestHead head, byte[] bytes) throws IOException {
        WireInput input = client.input();
        if (head.framing() instanceof Framing.Chunked) {
            return new Rechunked(bytes, input)::next;
        }
        input.unread(bytes);
        return input::readSome;
    }

    private static byte @Nullable [] moreForHelidon(Pieces pieces) {
        try {
            return pieces.next().orElse(null);
        } catch (IOException e) {
            throw new ServerConnectionException("Failed to get data from socket", e);
        }
    }

    /// The request that Helidon has on this thread is the last that it gets.
    void lastForHelidon() {
        ServerConnection one = helidon;
        if (one != null) {
            one.close(false);
        }
    }

    /// Helidon's request is answered, and its connection can go on.
    void served() {
        served = true;
    }

    /// In the shape of all errors: before a request is understood, nobody knows whom it is for.
    private void refuse(MalformedException e) {
        String id = RequestIds.next();
        LOG.debug("a request was refused as malformed: {}", e.getMessage());
        var error =
                new CarrelException(
                        ErrorCode.INVALID_REQUEST,
                        "The request is not valid HTTP/1.1: " + e.getMessage());
        Response response = ErrorBodies.response(error, id);
        byte[] body = response.bytes().orElseThrow();
        Fields fields =
                Fields.NONE
                        .with("Content-Type", "application/json")
                        .with("x-request-id", id)
                        .with("Connection", "close");
        var head = new ResponseHead(400, "Bad Request", fields, new Framing.Length(body.length));
        try (var out = new BodyOutput(client.output(), new Framing.UntilClose())) {
            out.write(head.toBytes());
            out.write(body);
        } catch (IOException | ClientGoneException gone) {
            LOG.debug("nobody is there to be told", gone);
        }
    }

    @Override
    public Duration idleTime() {
        return idle ? Duration.ofNanos(System.nanoTime() - idleSinceNanos) : Duration.ZERO;
    }

    /// Ends it between two requests, or with `interrupt` at once.
    @Override
    public void close(boolean interrupt) {
        closing = true;
        ServerConnection one = helidon;
        if (one != null) {
            one.close(interrupt);
        } else if (interrupt || idle) {
            Thread runner = thread;
            if (runner != null) {
                runner.interrupt();
            }
        }
    }

    @Override
    public void sweep(Duration pingEvery, Duration stallMax) {
        if (readingHead.isStuck(stallMax)) {
            client.cut();
        }
    }

    @Override
    public void closeStream() {}
}
