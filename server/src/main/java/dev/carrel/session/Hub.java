package dev.carrel.session;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// The live readers of all sessions. Entries come here after their commit; two threads that append
/// to one session may come in the wrong order or, if their server dies, not at all: the readers
/// mend that from the database.
final class Hub implements AutoCloseable {
    private final FailPoint failPoint = FailPoint.ofEnvironment();
    private final int readersPerSessionMax;
    private final ConcurrentHashMap<SessionId, List<Reader>> readers = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Hub(int readersPerSessionMax) {
        this.readersPerSessionMax = readersPerSessionMax;
    }

    /// Fails with `RATE_LIMITED` at the limit, with `UNAVAILABLE` once closed.
    void add(SessionId session, Reader reader) {
        readers.compute(
                session,
                (id, present) -> {
                    if (closed) {
                        throw stopping();
                    }
                    List<Reader> list = present == null ? List.of() : present;
                    if (list.size() >= readersPerSessionMax) {
                        throw new CarrelException(
                                ErrorCode.RATE_LIMITED,
                                "session "
                                        + id
                                        + " already has "
                                        + readersPerSessionMax
                                        + " live readers, the most there may be: close one");
                    }
                    var more = new ArrayList<>(list);
                    more.add(reader);
                    return List.copyOf(more);
                });
    }

    void remove(SessionId session, Reader reader) {
        readers.computeIfPresent(
                session,
                (id, present) -> {
                    List<Reader> rest = present.stream().filter(r -> r != reader).toList();
                    return rest.isEmpty() ? null : rest;
                });
    }

    /// Never blocks on a reader. What is recorded is durable by now.
    void publish(SessionId session, StreamItem item) {
        if (item instanceof StreamItem.Recorded entry) {
            failPoint.committed(session, entry.seq());
        }
        forEach(session, reader -> reader.offer(item));
    }

    /// Ends all readers of a session that is gone.
    void end(SessionKey session) {
        forEach(session.id(), reader -> reader.fail(session::notFound));
    }

    /// Ends all readers; they may come back to the next server.
    @Override
    public void close() {
        closed = true;
        readers.keySet().forEach(id -> forEach(id, reader -> reader.fail(Hub::stopping)));
    }

    private void forEach(SessionId session, Consumer<Reader> action) {
        readers.getOrDefault(session, List.of()).forEach(action);
    }

    private static CarrelException stopping() {
        return new CarrelException(
                ErrorCode.UNAVAILABLE,
                "the server is stopping: read on from the last sequence number when it is back");
    }
}
