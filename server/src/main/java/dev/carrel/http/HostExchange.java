package dev.carrel.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/// One request of a [HostHandler], and the way back to its client. One thread reads and another one
/// may write; each read of the body and each write that makes no progress for the server's stall
/// limit cuts the connection.
public final class HostExchange implements Swept {
    private static final byte[] CONTINUE = ascii("HTTP/1.1 100 Continue\r\n\r\n");

    private final String id;
    private final RequestHead head;
    private final ClientConnection connection;
    private final BodyInput body;
    private final OutputStream out;
    private final Progress reading = new Progress();
    private final Progress writing = new Progress();

    // Held while the client is told to send its body: what it hears first decides.
    private final ReentrantLock answering = new ReentrantLock();

    // Held while the body is read: once the answer is there, two threads may be at it.
    private final ReentrantLock bodyLock = new ReentrantLock();

    private volatile boolean bodyUnread;
    private volatile boolean expectsContinue;
    private volatile boolean answered;
    private volatile boolean whole;
    private volatile boolean keeps;
    private volatile boolean open;
    private volatile Runnable onSweep = () -> {};

    HostExchange(String id, RequestHead head, ClientConnection connection) {
        this.id = id;
        this.head = head;
        this.connection = connection;
        this.body = new BodyInput(connection.input(), head.framing());
        this.bodyUnread = !body.hasEnded();
        this.out = new Watched(connection.output());
        this.expectsContinue = head.fields().tokens("expect").contains("100-continue");
        this.keeps = head.keepsAlive();
    }

    /// Names this request in logs and error bodies.
    public String id() {
        return id;
    }

    public RequestHead head() {
        return head;
    }

    /// The address of whoever is at the other end of the connection.
    public String peer() {
        return connection.peer();
    }

    /// Up to `target.length` bytes of the body, -1 at its end. A client that waits for the word is
    /// told to send it by the first call. Fails with [MalformedException].
    public int read(byte[] target) throws IOException {
        sayContinue();
        bodyLock.lock();
        reading.blocked();
        try {
            int count = body.read(target, 0, target.length);
            bodyUnread = !body.hasEnded();
            return count;
        } finally {
            reading.moved();
            bodyLock.unlock();
        }
    }

    // Never after the answer has begun, which the other thread may do at any time.
    private void sayContinue() throws IOException {
        if (!expectsContinue) {
            return;
        }
        answering.lock();
        try {
            if (!answered) {
                expectsContinue = false;
                out.write(CONTINUE);
            }
        } finally {
            answering.unlock();
        }
    }

    private void beginAnswer() {
        answering.lock();
        try {
            if (answered) {
                throw new IllegalStateException("answered already");
            }
            answered = true;
        } finally {
            answering.unlock();
        }
    }

    public Fields trailers() {
        return body.trailers();
    }

    private boolean hasAllOfBody() {
        bodyLock.lock();
        try {
            return body.hasEnded();
        } finally {
            bodyLock.unlock();
        }
    }

    /// After the body: waits for the client to send more, or to go; false when it has gone.
    public boolean awaitMore() {
        return connection.input().awaitMore();
    }

    /// Answers with something that is in memory.
    public void answer(Response response) throws IOException {
        byte[] bytes = response.bytes().orElseThrow();
        var fields = new ArrayList<Field>();
        for (Map.Entry<String, String> entry : response.headers().entrySet()) {
            fields.add(new Field(entry.getKey(), entry.getValue()));
        }
        Framing length = new Framing.Length(bytes.length);
        boolean silent = head.method().equals("HEAD");
        var list = new Fields(fields);
        BodyOutput to =
                silent
                        ? respond(
                                new ResponseHead(
                                        response.status(),
                                        "",
                                        list.with("Content-Length", "" + bytes.length),
                                        new Framing.None()))
                        : respond(new ResponseHead(response.status(), "", list, length));
        if (!silent) {
            to.write(bytes, 0, bytes.length);
        }
        finish(to, Fields.NONE);
    }

    /// Sends the head of the answer; its body goes into what this returns, and then to [#finish].
    public BodyOutput respond(ResponseHead answer) throws IOException {
        beginAnswer();
        boolean ends = answer.framing() instanceof Framing.UntilClose;
        if (ends || bodyUnread) {
            keeps = false;
        }
        Fields fields = answer.fields();
        out.write(answer.with(keeps ? fields : fields.with("Connection", "close")).toBytes());
        open = fields.first("content-type").orElse("").startsWith(RouteDoc.EVENTS);
        return new BodyOutput(out, answer.framing());
    }

    /// Whether anything of the answer was sent: then nothing else can be said.
    public boolean isAnswered() {
        return answered;
    }

    public void finish(BodyOutput to, Fields trailers) throws IOException {
        to.finish(trailers);
        whole = true;
    }

    /// Answers that the protocol changes; from here on the connection is bytes in [#rawInput] and
    /// [#rawOutput], until it is cut.
    public void upgrade(ResponseHead answer) throws IOException {
        beginAnswer();
        keeps = false;
        open = true;
        out.write(answer.toBytes());
    }

    public InputStream rawInput() {
        return new RawInput(connection.input());
    }

    public OutputStream rawOutput() {
        return out;
    }

    /// Calls `look` every now and then from another thread, which it must not block.
    public void onSweep(Runnable look) {
        onSweep = look;
    }

    /// Ends the connection at once.
    public void cut() {
        keeps = false;
        connection.cut();
    }

    /// Whether the client's connection can take another request.
    boolean isReusable() {
        return whole && keeps && hasAllOfBody();
    }

    /// Whether the client is about to send more of the body, and nobody wants it.
    boolean hasBodyLeft() {
        return !hasAllOfBody() && !expectsContinue;
    }

    @Override
    public void sweep(Duration pingEvery, Duration stallMax) {
        if (reading.isStuck(stallMax) || writing.isStuck(stallMax)) {
            cut();
        }
        onSweep.run();
    }

    @Override
    public void closeStream() {
        if (open) {
            cut();
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    }

    private static final class RawInput extends BulkInput {
        private final WireInput input;

        RawInput(WireInput input) {
            this.input = input;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return input.read(target, offset, length);
        }
    }

    /// Notes how long each write takes.
    private final class Watched extends OutputStream {
        private final OutputStream target;

        Watched(OutputStream target) {
            this.target = target;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            writing.blocked();
            try {
                target.write(bytes, offset, length);
            } finally {
                writing.moved();
            }
        }
    }
}
