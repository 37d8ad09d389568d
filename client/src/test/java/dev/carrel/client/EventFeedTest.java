package dev.carrel.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventFeedTest {
    private final List<Long> connects = new ArrayList<>();

    private static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String entry(long seq) {
        return "id: %d\nevent: e\ndata: {\"seq\":%d,\"type\":\"e\"}\n\n".formatted(seq, seq);
    }

    @Test
    void aBrokenStreamGoesOnAfterTheLastEntryWithoutGapOrRepeat() {
        var streams =
                List.of(
                        entry(4) + "event: delta\ndata: {\"type\":\"delta\"}\n\n" + entry(5),
                        entry(5) + entry(6));
        try (var feed =
                new EventFeed(
                        3,
                        last -> {
                            connects.add(last);
                            return stream(streams.get(connects.size() - 1));
                        })) {
            var seen = new ArrayList<String>();
            while (feed.last() < 6) {
                SessionEvent event = feed.next();
                seen.add(event.seq().isPresent() ? event.seq().getAsLong() + "" : event.type());
            }
            assertThat(seen).containsExactly("4", "delta", "5", "6");
            assertThat(connects).containsExactly(3L, 5L);
        }
    }

    @Test
    void aServersFinalErrorIsThrown() {
        String error =
                "event: error\ndata: {\"error\":{\"code\":\"session_not_found\",\"message\":\"m\","
                        + "\"type\":\"user\",\"param\":null,\"request_id\":\"r\"}}\n\n";
        try (var feed = new EventFeed(0, last -> stream(error))) {
            assertThatThrownBy(feed::next)
                    .isInstanceOfSatisfying(
                            CarrelException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.SESSION_NOT_FOUND));
        }
    }

    @Test
    void closingEndsAWaitingRead() throws Exception {
        var blocked = new java.util.concurrent.CountDownLatch(1);
        var feed = new EventFeed(0, last -> endless(blocked));
        var ended = new java.util.concurrent.FutureTask<>(feed::hasNext);
        Thread reader = new Thread(ended);
        reader.setDaemon(true);
        reader.start();
        blocked.await();
        feed.close();
        assertThat(ended.get(10, java.util.concurrent.TimeUnit.SECONDS)).isFalse();
    }

    /// Blocks its reader until it is closed.
    private static InputStream endless(java.util.concurrent.CountDownLatch blocked) {
        var closed = new java.util.concurrent.CountDownLatch(1);
        return new InputStream() {
            @Override
            public int read() throws IOException {
                blocked.countDown();
                try {
                    closed.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                throw new IOException("closed");
            }

            @Override
            public void close() {
                closed.countDown();
            }
        };
    }
}
