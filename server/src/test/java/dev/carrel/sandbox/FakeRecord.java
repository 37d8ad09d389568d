package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Execution.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The outputs of one fake command. Its readers add to them, any thread follows.
final class FakeRecord {
    private static final Logger LOG = LoggerFactory.getLogger(FakeRecord.class);
    private static final int BUFFER_BYTES = 8192;
    private static final Duration CHECK = Duration.ofSeconds(1);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Stream, FakeOutput> kept = new EnumMap<>(Stream.class);
    private boolean ended;

    /// How often its sandbox was saved: whoever followed it until then has to ask again.
    private int saves;

    FakeRecord(ExecutionRequest request) {
        kept.put(Stream.STDOUT, new FakeOutput(request));
        kept.put(Stream.STDERR, new FakeOutput(request));
    }

    interface Teller {
        void tell(Stream stream, long place, byte[] bytes);
    }

    /// Bytes that nobody changes.
    @SuppressWarnings("ArrayRecordComponent")
    private record News(Stream stream, long place, byte[] bytes) {}

    /// Until the pipe ends, or goes with the process.
    void keepAll(Stream stream, InputStream from) {
        var buffer = new byte[BUFFER_BYTES];
        try (from) {
            for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                keep(stream, buffer, n);
            }
        } catch (IOException e) {
            LOG.debug("the end of a pipe", e);
        }
    }

    /// What comes after the end is nobody's.
    void keep(Stream stream, byte[] bytes, int length) {
        lock.lock();
        try {
            if (!ended) {
                output(stream).add(bytes, length);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void saved() {
        lock.lock();
        try {
            saves++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isTruncated() {
        lock.lock();
        try {
            return kept.values().stream().anyMatch(FakeOutput::isTruncated);
        } finally {
            lock.unlock();
        }
    }

    OutputPlace place() {
        lock.lock();
        try {
            return new OutputPlace(output(Stream.STDOUT).end(), output(Stream.STDERR).end());
        } finally {
            lock.unlock();
        }
    }

    OutputPlace start(OutputPlace from) {
        lock.lock();
        try {
            return new OutputPlace(
                    output(Stream.STDOUT).next(from.stdout()),
                    output(Stream.STDERR).next(from.stderr()));
        } finally {
            lock.unlock();
        }
    }

    String text(Stream stream, OutputPlace from) {
        return new String(bytes(stream, from.of(stream)), StandardCharsets.UTF_8);
    }

    byte[] bytes(Stream stream, long from) {
        lock.lock();
        try {
            return output(stream).from(from);
        } finally {
            lock.unlock();
        }
    }

    /// Tells everything from `from` on until the end. Fails with `SANDBOX_NOT_RUNNING` when the
    /// sandbox is saved meanwhile.
    void follow(OutputPlace from, Teller teller) throws InterruptedException {
        Map<Stream, Long> places = new EnumMap<>(Stream.class);
        for (Stream stream : Stream.values()) {
            places.put(stream, from.of(stream));
        }
        int before = saves();
        for (boolean last = false; !last; ) {
            List<News> news;
            lock.lockInterruptibly();
            try {
                while (news(places).isEmpty() && !ended && saves == before) {
                    changed.await(CHECK.toMillis(), TimeUnit.MILLISECONDS);
                }
                if (saves != before) {
                    throw new CarrelException(
                            ErrorCode.SANDBOX_NOT_RUNNING, "its sandbox is paused to disk");
                }
                last = ended;
                news = news(places);
            } finally {
                lock.unlock();
            }
            for (News piece : news) {
                places.put(piece.stream(), piece.place() + piece.bytes().length);
                teller.tell(piece.stream(), piece.place(), piece.bytes());
            }
        }
    }

    private int saves() {
        lock.lock();
        try {
            return saves;
        } finally {
            lock.unlock();
        }
    }

    private List<News> news(Map<Stream, Long> places) {
        var news = new ArrayList<News>();
        places.forEach((stream, place) -> {
            long next = output(stream).next(place);
            byte[] bytes = output(stream).from(next);
            if (bytes.length > 0) {
                news.add(new News(stream, next, bytes));
            }
        });
        return news;
    }

    private FakeOutput output(Stream stream) {
        return Objects.requireNonNull(kept.get(stream));
    }
}
