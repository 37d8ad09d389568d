package dev.carrel.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.ClientGoneException;
import dev.carrel.http.WebSocket;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.Execution.More;
import dev.carrel.sandbox.Execution.Stream;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.Hold;
import dev.carrel.sandbox.TerminalSize;
import dev.carrel.wire.Json;
import dev.carrel.wire.TerminalMessage;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One viewer of one terminal. The request's thread passes on what the viewer types, another one
/// what the terminal shows; the viewer's end leaves the terminal alone.
final class TerminalSession {
    private static final Logger LOG = LoggerFactory.getLogger(TerminalSession.class);

    /// What a program does not read by then is not for it.
    private static final Duration INPUT_WAIT = Duration.ofSeconds(10);

    private static final Set<ErrorCode> DROPPED =
            EnumSet.of(ErrorCode.INPUT_FULL, ErrorCode.CONFLICT, ErrorCode.SANDBOX_NOT_FOUND);

    private static final String TOO_SLOW =
            "output was lost because it was not taken in time; connect again with the terminal's id";

    private final Execution terminal;
    private final Hold hold;
    private final WebSocket socket;
    private long place;
    private boolean begun;

    TerminalSession(Execution terminal, Hold hold, WebSocket socket, long from) {
        this.terminal = terminal;
        this.hold = hold;
        this.socket = socket;
        this.place = from;
    }

    void run() throws InterruptedException {
        Thread shower = Thread.ofVirtual().name("terminal-" + terminal.id()).start(this::show);
        try {
            for (Optional<WebSocket.Message> message = socket.receive();
                    message.isPresent();
                    message = socket.receive()) {
                take(message.get());
            }
        } finally {
            shower.interrupt();
            shower.join();
        }
    }

    private void take(WebSocket.Message message) throws InterruptedException {
        switch (message) {
            case WebSocket.Message.Bytes bytes -> type(bytes.bytes());
            case WebSocket.Message.Text text -> control(text.text());
        }
    }

    private void type(byte[] bytes) throws InterruptedException {
        if (!terminal.isRunning()) {
            return; // and a sandbox that has stopped with it is not started for this
        }
        try (Hold.Call _ = hold.call()) {
            terminal.write(bytes, More.FOLLOWS, INPUT_WAIT);
        } catch (CarrelException e) {
            // As a real one: it has just ended, or what nobody reads is dropped.
            if (!DROPPED.contains(e.code())) {
                throw e;
            }
        }
    }

    private void resize(TerminalSize size) {
        if (terminal.isRunning()) {
            try (Hold.Call _ = hold.call()) {
                terminal.resize(size);
            }
        }
    }

    private void control(String text) {
        try {
            JsonNode resize = Json.lenient().readTree(text).path("resize");
            resize(new TerminalSize(resize.path("cols").asInt(), resize.path("rows").asInt()));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            socket.close(
                    WebSocket.POLICY,
                    "text must be {\"resize\":{\"cols\":80,\"rows\":24}}; what is typed is bytes");
        }
    }

    /// Until the terminal ends, or the viewer has gone.
    private void show() {
        try {
            begin(place);
            ExecutionResult result = terminal.followBytes(Stream.STDOUT, place, this::pass);
            socket.send(Json.text(TerminalMessage.exit(ExecutionInfos.of(result))));
            socket.close(WebSocket.NORMAL, "the terminal has ended");
        } catch (ClientGoneException e) {
            LOG.debug("a viewer of {} has gone", terminal.id(), e);
        } catch (InterruptedException e) {
            LOG.debug("a viewer of {} has left", terminal.id());
        } catch (CarrelException e) {
            // This server lets go of the terminal, or its sandbox is paused to disk.
            socket.close(WebSocket.TRY_LATER, e.text());
        }
    }

    private void pass(long start, byte[] bytes) {
        if (start != place && !begun) {
            begin(start); // what came before is no longer kept
        } else if (start != place) {
            socket.close(WebSocket.TRY_LATER, TOO_SLOW);
            Thread.currentThread().interrupt(); // ends the following
            return;
        }
        begun = true;
        socket.send(bytes);
        place = start + bytes.length;
    }

    private void begin(long start) {
        socket.send(Json.text(TerminalMessage.begin(terminal.id().value(), start)));
    }
}
