package dev.carrel.openai;

import dev.carrel.error.ErrorCode;
import dev.carrel.http.ClientGoneException;
import dev.carrel.http.EventSink;
import dev.carrel.http.EventStream;
import dev.carrel.openai.ChatTask.OnDisconnect;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Streams a turn to its end, or to the client's. Everything that goes wrong on the way is a chunk
/// of the stream: clients would stumble over an event of any other kind.
final class TurnStream implements EventStream {
    private static final Logger LOG = LoggerFactory.getLogger(TurnStream.class);
    private static final Duration READ_WAIT = Duration.ofSeconds(30);

    private final FollowedTurn turn;
    private final Chunks chunks;
    private final OnDisconnect onDisconnect;
    private final List<Part> first;

    /// `first` are the parts of the turn that were read already.
    TurnStream(FollowedTurn turn, Chunks chunks, OnDisconnect onDisconnect, List<Part> first) {
        this.turn = turn;
        this.chunks = chunks;
        this.onDisconnect = onDisconnect;
        this.first = List.copyOf(first);
    }

    @Override
    public void run(EventSink sink) {
        try (turn) {
            send(first, sink);
            if (first.isEmpty()) {
                sink.open();
            }
            while (!turn.isOver()) {
                send(turn.next(READ_WAIT), sink);
            }
        } catch (ClientGoneException e) {
            clientGone();
        } catch (InterruptedException e) {
            interrupted(sink);
        } catch (RuntimeException e) {
            LOG.error("streaming turn {} of {} broke", turn.turn(), turn.session(), e);
            fail(ErrorCode.INTERNAL_ERROR, "the stream broke with an internal error", sink);
        }
    }

    private void send(List<Part> parts, EventSink sink) {
        parts.forEach(part -> chunks.of(part).forEach(sink::send));
    }

    private void interrupted(EventSink sink) {
        if (sink.isClientGone()) {
            clientGone();
        } else {
            fail(ErrorCode.UNAVAILABLE, "the server is stopping", sink);
        }
    }

    private void clientGone() {
        if (onDisconnect == OnDisconnect.CANCEL) {
            turn.interrupt();
        }
    }

    /// The turn is not concerned: it is the stream that ends.
    private void fail(ErrorCode code, String what, EventSink sink) {
        String message = what + "; the turn goes on: read the events of session " + turn.session();
        try {
            send(List.of(new Part.Failure(code, message)), sink);
        } catch (ClientGoneException e) {
            clientGone();
        }
    }
}
