package dev.carrel.preview;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.BodyInput;
import dev.carrel.http.BodyOutput;
import dev.carrel.http.ClientGoneException;
import dev.carrel.http.Fields;
import dev.carrel.http.Framing;
import dev.carrel.http.HostExchange;
import dev.carrel.http.MalformedException;
import dev.carrel.http.ResponseHead;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One request to the application and its answer. The caller's thread brings the answer, a second
/// one the request, since an application may answer before it has heard all. Every byte is passed
/// on when it comes, and nothing is kept: whoever is slow slows the other side down.
///
/// The application is hostile. Its answer is parsed, made anew and delivered to this one client
/// only; its connection serves no other request.
final class Relay {
    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);

    private static final int BUFFER_BYTES = 1 << 16;
    private static final int INTERIM_ANSWERS_MAX = 16;
    private static final int SWITCHING = 101;

    private final HostExchange exchange;
    private final AppConnection app;

    /// Resumes the sandbox if it has been paused since.
    private final Runnable wake;

    private final CompletableFuture<Boolean> switched = new CompletableFuture<>();
    private final boolean asksToSwitch;
    private volatile boolean unwanted;

    Relay(HostExchange exchange, AppConnection app, Runnable wake) {
        this.exchange = exchange;
        this.app = app;
        this.wake = wake;
        this.asksToSwitch = RequestFields.isWebSocket(exchange.head());
    }

    /// Fails with a [CarrelException] as long as nothing of an answer was sent, and with an
    /// [IOException] where only a broken connection can tell the client. What the client still
    /// sends then is read and dropped, by whoever comes first.
    void run(String target, Fields fields) throws IOException {
        exchange.onSweep(app::cutIfLate);
        Thread.ofVirtual().name("preview-request").start(() -> bringRequest(target, fields));
        try {
            bringAnswer();
        } catch (IOException e) {
            throw explained(e);
        } finally {
            unwanted = true;
            switched.complete(false);
            app.close();
        }
    }

    private void bringRequest(String target, Fields fields) {
        try {
            sendRequest(target, fields);
            app.requestSent();
            if (asksToSwitch && switched.join()) {
                copy(exchange.rawInput(), this::deliver);
                app.cut(AppConnection.Cut.CLIENT_GONE);
            } else if (!exchange.awaitMore()) {
                app.cut(AppConnection.Cut.CLIENT_GONE);
            }
        } catch (MalformedException e) {
            LOG.debug("a request for a preview is malformed: {}", e.getMessage());
            app.cut(AppConnection.Cut.MALFORMED_REQUEST);
        } catch (IOException | ClientGoneException e) {
            LOG.debug("a request for a preview broke off", e);
            app.cut(AppConnection.Cut.CLIENT_GONE);
        }
    }

    /// An application that takes no more may still answer: the rest is read and dropped.
    private void sendRequest(String target, Fields fields) throws IOException {
        Framing framing = exchange.head().framing();
        boolean taken = tryOn(() -> app.send(exchange.head().method(), target, fields, framing));
        var out = new BodyOutput(app.output(), framing);
        var buffer = new byte[BUFFER_BYTES];
        for (int count = exchange.read(buffer); count >= 0; count = exchange.read(buffer)) {
            int length = count;
            app.moved();
            taken =
                    taken
                            && !unwanted
                            && tryOn(() -> {
                                wake();
                                out.write(buffer, 0, length);
                            });
            app.moved();
        }
        if (taken) {
            tryOn(() -> out.finish(AnswerFields.trailers(exchange.trailers())));
        }
    }

    private interface Step {
        void run() throws IOException;
    }

    private static boolean tryOn(Step step) {
        try {
            step.run();
            return true;
        } catch (IOException e) {
            LOG.debug("an application takes no more of a request", e);
            return false;
        }
    }

    private void bringAnswer() throws IOException {
        ResponseHead answer = finalHead();
        Fields fields = AnswerFields.of(answer.fields());
        if (answer.status() == SWITCHING) {
            exchange.upgrade(
                    answer.with(fields.with("Connection", "Upgrade").with("Upgrade", "websocket")));
            switched.complete(true);
            copy(app.rawInput(), flushing(exchange.rawOutput()));
            exchange.cut();
            return;
        }
        switched.complete(false);
        BodyInput body = app.body(answer.framing());
        Framing framing =
                answer.framing() instanceof Framing.UntilClose
                        ? new Framing.Chunked()
                        : answer.framing();
        BodyOutput out =
                exchange.respond(
                        new ResponseHead(answer.status(), answer.reason(), fields, framing));
        copy(body, flushing(out));
        exchange.finish(out, AnswerFields.trailers(body.trailers()));
    }

    /// Announcements that another answer follows are kept from the client, who asked for none.
    private ResponseHead finalHead() throws IOException {
        for (int i = 0; i < INTERIM_ANSWERS_MAX; i++) {
            ResponseHead head = app.readHead(exchange.head().method());
            if (head.status() == SWITCHING && !asksToSwitch) {
                throw new MalformedException("the answer changes the protocol, unasked");
            }
            if (head.status() >= 200 || head.status() == SWITCHING) {
                app.answerBegun();
                return head;
            }
        }
        throw new MalformedException("the answer never comes after its announcements");
    }

    /// Passes bytes on at once.
    private interface Taker {
        void take(byte[] bytes, int length) throws IOException;
    }

    private static Taker flushing(OutputStream out) {
        return (bytes, length) -> {
            out.write(bytes, 0, length);
            out.flush();
        };
    }

    private void deliver(byte[] bytes, int length) throws IOException {
        wake();
        flushing(app.output()).take(bytes, length);
    }

    /// What a client sends is a use: a paused application would take it and never answer.
    private void wake() throws IOException {
        try {
            wake.run();
        } catch (CarrelException e) {
            throw new IOException("a sandbox does not wake for its preview", e);
        }
    }

    private void copy(InputStream in, Taker taker) throws IOException {
        var buffer = new byte[BUFFER_BYTES];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            app.moved();
            taker.take(buffer, count);
            app.moved();
        }
    }

    /// What to tell a client that has heard nothing yet.
    private IOException explained(IOException e) {
        if (exchange.isAnswered()) {
            return new IOException("the answer of a preview broke off", e);
        }
        int port = app.port();
        switch (app.cut()) {
            case LATE ->
                    throw new CarrelException(
                            ErrorCode.PREVIEW_TIMED_OUT,
                            "The application on port %d took the request and did not begin to answer"
                                            .formatted(port)
                                    + " in time",
                            e);
            case MALFORMED_REQUEST ->
                    throw new CarrelException(
                            ErrorCode.INVALID_REQUEST, "The body of the request is malformed", e);
            case CLIENT_GONE -> {
                return new IOException("the client of a preview has gone", e);
            }
            case NOT -> {}
        }
        String why =
                e instanceof MalformedException
                        ? e.getMessage()
                        : "it closed the connection without an answer";
        throw new CarrelException(
                ErrorCode.PREVIEW_BAD_ANSWER,
                "The application on port %d did not answer as HTTP/1.1: %s".formatted(port, why),
                e);
    }
}
