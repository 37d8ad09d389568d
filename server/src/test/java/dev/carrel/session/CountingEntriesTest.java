package dev.carrel.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.Event;
import dev.carrel.agent.FilesThen;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CountingEntriesTest {
    @TempDir Path home;
    private SessionFixture fixture;
    private SessionKey key;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        key = new SessionKey(SessionFixture.PROJECT, fixture.newSession());
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void allCountWithoutARewind() {
        append(3);

        assertThat(counting()).containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    void whatWasGoneBackBehindDoesNot() {
        append(3);
        rewind(2); // 5
        append(1);

        assertThat(counting()).containsExactly(1L, 2L, 5L, 6L);
    }

    @Test
    void aRewindOfARewindBringsBackWhatCountedThere() {
        append(3);
        rewind(2); // 5
        append(1); // 6
        rewind(4); // 7

        assertThat(counting()).containsExactly(1L, 2L, 3L, 4L, 7L);
        rewind(6); // 8
        assertThat(counting()).containsExactly(1L, 2L, 5L, 6L, 8L);
        rewind(7); // 9
        assertThat(counting()).containsExactly(1L, 2L, 3L, 4L, 7L, 9L);
    }

    @Test
    void aStretchEndsWhereItWasGoneBackTo() {
        append(5);
        rewind(3);
        append(2);

        CountingEntries entries = entries();
        assertThat(entries.endOf(2)).isEqualTo(3);
        assertThat(entries.endOf(7)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void filesAreLookedUpWhereTheyWereWrittenDown() {
        append(1); // 2
        appendAll(new Event.SnapshotTaken("snp_a", 2)); // 3
        append(3); // 4, 5, 6
        appendAll(new Event.SnapshotTaken("snp_b", 6)); // 7
        append(1); // 8
        appendAll(new Event.SnapshotFailed(8, new Event.TurnError("disk_full", "No room."))); // 9
        append(1); // 10
        appendAll(new Event.SessionRewound(2, new FilesThen.Restored("snp_a"))); // 11
        appendAll(new Event.SessionRewound(6, new FilesThen.Left())); // 12

        assertThat(at(1)).isEmpty();
        assertThat(at(2)).contains(new FilesThen.Restored("snp_a"));
        assertThat(at(5)).contains(new FilesThen.Restored("snp_a"));
        assertThat(at(6)).contains(new FilesThen.Restored("snp_b"));
        assertThat(at(7)).contains(new FilesThen.Restored("snp_b"));
        assertThat(at(8)).contains(new FilesThen.Left());
        assertThat(at(10)).contains(new FilesThen.Left());
        assertThat(at(11)).contains(new FilesThen.Restored("snp_a"));
        assertThat(at(12)).contains(new FilesThen.Restored("snp_a"));
    }

    private Optional<FilesThen> at(long seq) {
        return fixture.store
                .read(handle -> FilePoints.at(handle, key.id(), seq))
                .map(FilePoints.Point::files);
    }

    private List<Long> counting() {
        CountingEntries entries = entries();
        long last = fixture.session(key.id()).lastEvent();
        return LongStream.rangeClosed(1, last).filter(entries::contain).boxed().toList();
    }

    private CountingEntries entries() {
        return fixture.store.read(handle -> CountingEntries.of(handle, key.id()));
    }

    private void append(int count) {
        for (int i = 0; i < count; i++) {
            appendAll(new Event.TurnStarted(1));
        }
    }

    private void rewind(long to) {
        appendAll(new Event.SessionRewound(to, new FilesThen.Left()));
    }

    private void appendAll(Event event) {
        fixture.store.write(handle ->
                EventRows.append(handle, key, Optional.empty(), event, fixture.clock.instant()));
    }
}
