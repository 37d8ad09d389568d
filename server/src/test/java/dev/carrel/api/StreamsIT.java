package dev.carrel.api;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Many readers of one session, over HTTP.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StreamsIT {
    private static final int STEPS = 9;
    private static final int READERS = 200;

    /// More than the sockets on the way hold, and more than may wait for a reader.
    private static final int FLOODS = 6;

    private ApiServer server;
    private CarrelClient client;

    @BeforeAll
    void start(@TempDir Path home) throws IOException {
        var script = new StringBuilder("conversations:\n  - when: talk\n    steps:\n");
        for (int step = 0; step < STEPS; step++) {
            script.append("    - chunk_delay_ms: 20\n      text: \"")
                    .append("This is what I do next. ".repeat(10))
                    .append("\"\n      calls: [{name: bash, arguments: {command: echo ")
                    .append(step) // or it would be taken for a circle
                    .append("}}]\n");
        }
        script.append("    - text: done\n  - when: flood\n    steps:\n");
        for (int step = 0; step < FLOODS; step++) {
            script.append(
                    "    - calls: [{name: bash, arguments: {command: \"yes | head -c 4000000\"}}]\n");
        }
        script.append("    - text: done\n");
        server = new ApiServer(home, script.toString());
        client = server.client();
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void readersThatJoinAtAnyPointSeeEveryEntryOnceAndInOrder() throws Exception {
        long seed = Long.getLong("carrel.chaos.seed", System.nanoTime());
        System.out.println("-Dcarrel.chaos.seed=" + seed);
        var random = new Random(seed);
        String session = client.sessions().create(SessionRequest.of("coder")).id();
        var seen = new AtomicLong();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var readers = new ArrayList<Future<List<Long>>>();
            var afters = new ArrayList<Long>();
            for (int i = 0; i < READERS; i++) {
                long joins = random.nextLong(2 + 4 * STEPS);
                long after = random.nextLong(joins + 1);
                boolean leaves = random.nextInt(3) == 0;
                afters.add(after);
                readers.add(threads.submit(() -> read(session, seen, joins, after, leaves)));
            }
            Future<List<Long>> watcher = threads.submit(() -> watch(session, seen));
            client.sessions().send(session, "talk");
            long last = watcher.get().getLast();
            for (int i = 0; i < READERS; i++) {
                assertThat(readers.get(i).get())
                        .as("after " + afters.get(i))
                        .containsExactlyElementsOf(
                                LongStream.rangeClosed(afters.get(i) + 1, last).boxed().toList());
            }
        }
        client.sessions().delete(session);
    }

    private List<Long> watch(String session, AtomicLong seen) {
        var entries = new ArrayList<Long>();
        long deltas = 0;
        try (EventFeed feed = client.sessions().follow(session, 0)) {
            for (SessionEvent event = feed.next(); ; event = feed.next()) {
                deltas += event.type().equals("delta") ? 1 : 0;
                event.seq()
                        .ifPresent(seq -> {
                            entries.add(seq);
                            seen.set(seq);
                        });
                if (event.type().equals("turn.completed")) {
                    assertThat(deltas).isGreaterThan(STEPS);
                    return entries;
                }
            }
        }
    }

    /// Comes when the session is at entry `joins`, asks for what is after another one, and may drop
    /// its connection on the way and come back.
    private List<Long> read(
            String session, AtomicLong seen, long joins, long after, boolean leaves) {
        while (seen.get() < joins) {
            LockSupport.parkNanos(1_000_000);
        }
        var entries = new ArrayList<Long>();
        boolean left = !leaves;
        EventFeed feed = client.sessions().follow(session, after);
        try {
            for (SessionEvent event = feed.next(); ; event = feed.next()) {
                event.seq().ifPresent(entries::add);
                if (event.type().equals("turn.completed")) {
                    return entries;
                }
                if (!left && entries.size() == 3) {
                    left = true;
                    feed.close();
                    feed = client.sessions().follow(session, feed.last());
                }
            }
        } finally {
            feed.close();
        }
    }

    @Test
    void aSlowReaderIsDroppedWithAReasonAndTheSessionGoesOn() throws Exception {
        String session = client.sessions().create(SessionRequest.of("coder")).id();
        try (Socket slow = follow(session)) {
            client.sessions().send(session, "flood");
            var types = new ArrayList<String>();
            try (EventFeed feed = client.sessions().follow(session, 0)) {
                for (String type = ""; !type.equals("turn.completed"); ) {
                    SessionEvent event = feed.next();
                    type = event.type();
                    event.seq().ifPresent(_ -> types.add(event.type()));
                }
            }
            assertThat(types).filteredOn("tool.completed"::equals).hasSize(FLOODS);

            String all = new String(slow.getInputStream().readAllBytes(), UTF_8);
            assertThat(all.substring(all.length() - 2_000))
                    .contains("event: error", "\"unavailable\"", "this reader was dropped");
            assertThat(all).doesNotContain("event: turn.completed");
        }
        client.sessions().delete(session);
    }

    /// A reader that takes nothing until it is told to.
    private Socket follow(String session) throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(4_096);
        socket.connect(new InetSocketAddress("127.0.0.1", server.uri().getPort()));
        socket.getOutputStream()
                .write(
                        ("GET /v1/sessions/"
                                        + session
                                        + "/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close"
                                        + "\r\nAccept: text/event-stream\r\nAuthorization: Bearer "
                                        + server.key
                                        + "\r\n\r\n")
                                .getBytes(US_ASCII));
        return socket;
    }
}
