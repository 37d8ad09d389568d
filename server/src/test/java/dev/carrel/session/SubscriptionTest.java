package dev.carrel.session;

import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.session.SessionFixture.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.agent.Delta;
import dev.carrel.agent.Event;
import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubscriptionTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir Path home;
    private SessionFixture fixture;
    private SessionId session;
    private SessionJournal journal;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        session = fixture.newSession();
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("one"));
        journal = fixture.sessions.turns().journal(fixture.claim());
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void longEntriesComeInShortPages() {
        SessionId id = fixture.newSession();
        String text = "x".repeat(1_000_000);
        for (int i = 0; i < 9; i++) {
            fixture.sessions.send(PROJECT, id, TurnInput.ofMessage(text));
        }

        var seen = new ArrayList<Long>();
        List<StreamItem.Recorded> page = fixture.sessions.events(PROJECT, id, 0, 1000);
        while (!page.isEmpty()) {
            assertThat(page).hasSizeLessThan(7);
            page.forEach(entry -> seen.add(entry.seq()));
            page = fixture.sessions.events(PROJECT, id, seen.getLast(), 1000);
        }
        assertThat(seen).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L);
    }

    @Test
    void readerGetsWhatWasThereThenWhatComes() throws Exception {
        try (Subscription reader = subscribe(1)) {
            assertThat(entry(reader).seq()).isEqualTo(2);
            assertThat(reader.next(Duration.ZERO)).isEmpty();
            journal.publish(new Delta.Text("hi"));
            journal.append(answer("hi"));

            assertThat(reader.next(LONG).orElseThrow()).isInstanceOf(StreamItem.Live.class);
            assertThat(entry(reader).event()).isEqualTo(answer("hi"));
        }
    }

    @Test
    void readersThatComeAtAnyTimeSeeEveryEntryOnceAndInOrder() throws Exception {
        int appends = 400;
        int writersInParallel = 3;
        int readers = 40;
        long total = 2 + appends + (long) writersInParallel * 4;
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var seen = new ArrayList<Future<List<Long>>>();
            threads.submit(() -> {
                for (int i = 0; i < appends; i++) {
                    journal.publish(new Delta.Text("x"));
                    journal.append(new Event.ModelStarted(i, "m"));
                }
            });
            for (int i = 0; i < writersInParallel; i++) {
                threads.submit(() -> {
                    for (int k = 0; k < 4; k++) {
                        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("more"));
                    }
                });
            }
            for (int i = 0; i < readers; i++) {
                long after = i % 7;
                seen.add(threads.submit(() -> readUpTo(after, total)));
                Thread.yield();
            }
            for (int i = 0; i < readers; i++) {
                assertThat(seen.get(i).get())
                        .containsExactlyElementsOf(
                                LongStream.rangeClosed(i % 7 + 1, total).boxed().toList());
            }
        }
    }

    @Test
    void gapAndRepeatInWhatTheHubGivesAreMended() throws Exception {
        var queueJumper =
                Reader.open(fixture.store, new Hub(1), new SessionKey(PROJECT, session), 2);
        journal.append(answer("three"));
        journal.append(answer("four"));
        List<StreamItem.Recorded> entries = fixture.sessions.events(PROJECT, session, 2, 10);
        queueJumper.offer(entries.get(1));
        queueJumper.offer(entries.get(0));

        assertThat(queueJumper.next(LONG)).contains(entries.get(0));
        assertThat(queueJumper.next(LONG)).contains(entries.get(1));
        assertThat(queueJumper.next(Duration.ZERO)).isEmpty();
    }

    @Test
    void slowReaderIsDroppedAndToldToReadOn() throws Exception {
        Subscription slow = subscribe(2);
        Subscription quick = subscribe(2);
        for (int i = 0; i <= ReaderQueue.ITEMS_MAX; i++) {
            journal.publish(new Delta.Restarted()); // never joined
            assertThat(quick.next(LONG)).isPresent();
        }

        assertThatThrownBy(() -> slow.next(LONG))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE))
                .hasMessageContaining("read on from the last sequence number");
    }

    @Test
    void slowReaderIsNotDroppedForEntriesWhichWaitInTheDatabase() throws Exception {
        Subscription slow = subscribe(2);
        int entries = 3 * ReaderQueue.ITEMS_MAX;
        for (int i = 0; i < entries; i++) {
            journal.append(new Event.ModelStarted(i, "m"));
        }
        journal.publish(new Delta.Text("after all of them"));

        for (int i = 0; i < entries; i++) {
            assertThat(entry(slow).seq()).isEqualTo(3 + i);
        }
        assertThat(deltas(slow)).containsExactly(new Delta.Text("after all of them"));
    }

    @Test
    void readerIsDroppedForTooMuchTextToo() {
        Subscription slow = subscribe(2);
        String chunk = "x".repeat(10_000);
        for (int i = 0; i <= ReaderQueue.LIVE_CHARS_MAX / chunk.length(); i++) {
            journal.publish(new Delta.ToolOutput("c", chunk));
        }

        assertThatThrownBy(() -> slow.next(LONG)).isInstanceOf(CarrelException.class);
    }

    @Test
    void burstOfSmallPiecesIsJoinedWhileItWaits() throws Exception {
        Subscription reader = subscribe(2);
        for (int i = 0; i < 3 * ReaderQueue.ITEMS_MAX; i++) {
            journal.publish(new Delta.Text("ab"));
        }
        journal.publish(new Delta.Reasoning("r"));
        journal.publish(new Delta.ToolArguments("c1", "bash", "{"));
        journal.publish(new Delta.ToolArguments("c1", "bash", "}"));
        journal.publish(new Delta.ToolArguments("c2", "bash", "{}"));

        assertThat(deltas(reader))
                .containsExactly(
                        new Delta.Text("ab".repeat(3 * ReaderQueue.ITEMS_MAX)),
                        new Delta.Reasoning("r"),
                        new Delta.ToolArguments("c1", "bash", "{}"),
                        new Delta.ToolArguments("c2", "bash", "{}"));
    }

    @Test
    void storedEntriesComeBeforeLivePieces() throws Exception {
        var hub = new Hub(1);
        var key = new SessionKey(PROJECT, session);
        Reader reader = Reader.open(fixture.store, hub, key, 0);
        assertThat(entry(reader).seq()).isEqualTo(1);
        hub.publish(
                session,
                new StreamItem.Live(
                        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage("two")),
                        new Delta.Text("x")));

        assertThat(entry(reader).seq()).isEqualTo(2);
        assertThat(reader.next(LONG).orElseThrow()).isInstanceOf(StreamItem.Live.class);
    }

    @Test
    void deletionEndsTheReaders() {
        Subscription reader = subscribe(0);
        fixture.sessions.turns().release(fixture.sessions.turns().held(turn()).orElseThrow());
        fixture.sessions.delete(PROJECT, session);

        assertThatThrownBy(() -> reader.next(LONG))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.SESSION_NOT_FOUND));
    }

    @Test
    void closingEndsReadersThatWaitAndRefusesNewOnes() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Subscription reader = subscribe(2);
            Future<Optional<StreamItem>> waiting = threads.submit(() -> reader.next(LONG));
            fixture.sessions.close();

            assertThatThrownBy(waiting::get).hasCauseInstanceOf(CarrelException.class);
            assertThatThrownBy(() -> subscribe(0)).isInstanceOf(CarrelException.class);
        }
    }

    @Test
    void closedReaderLeavesRoomForAnother() {
        for (int i = 0; i < 2 * SessionSettings.DEFAULT.subscribersPerSessionMax(); i++) {
            subscribe(0).close();
        }
    }

    private TurnId turn() {
        return fixture.sessions.events(PROJECT, session, 1, 1).getFirst().turn().orElseThrow();
    }

    private Subscription subscribe(long after) {
        return fixture.sessions.subscribe(PROJECT, session, after);
    }

    private static StreamItem.Recorded entry(Subscription reader) throws InterruptedException {
        return (StreamItem.Recorded) reader.next(LONG).orElseThrow();
    }

    private static List<Delta> deltas(Subscription reader) throws InterruptedException {
        var deltas = new ArrayList<Delta>();
        for (var item = reader.next(Duration.ZERO);
                item.isPresent();
                item = reader.next(Duration.ZERO)) {
            deltas.add(((StreamItem.Live) item.get()).delta());
        }
        return deltas;
    }

    private List<Long> readUpTo(long after, long last) throws InterruptedException {
        var seen = new ArrayList<Long>();
        try (Subscription reader = subscribe(after)) {
            while (seen.isEmpty() || seen.getLast() < last) {
                if (reader.next(LONG).orElseThrow() instanceof StreamItem.Recorded entry) {
                    seen.add(entry.seq());
                }
            }
        }
        return seen;
    }
}
