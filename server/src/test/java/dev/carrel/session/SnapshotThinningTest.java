package dev.carrel.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.sandbox.SessionSnapshot;
import dev.carrel.sandbox.SnapshotId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SnapshotThinningTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    @Test
    void theNewestStay() {
        List<SessionSnapshot> few = every(Duration.ofSeconds(1), SnapshotThinning.NEWEST);

        assertThat(SnapshotThinning.surplus(few, false)).isEmpty();
    }

    @Test
    void ofOlderOnesTheNewestOfEachHourStays() {
        List<SessionSnapshot> kept = survivors(Duration.ofMinutes(10), 400);

        assertThat(kept.subList(0, SnapshotThinning.NEWEST))
                .isEqualTo(every(Duration.ofMinutes(10), 400).subList(0, SnapshotThinning.NEWEST));
        List<Long> ages =
                kept.stream()
                        .skip(SnapshotThinning.NEWEST + 1)
                        .map(s -> Duration.between(s.createdAt(), NOON).toMinutes())
                        .toList();
        for (int i = 1; i < ages.size(); i++) {
            assertThat(ages.get(i) - ages.get(i - 1)).isBetween(60L, 110L);
        }
        assertThat(ages.getLast()).isGreaterThan(3_900);
    }

    @Test
    void thereIsAMost() {
        assertThat(survivors(Duration.ofHours(2), 1_000)).hasSize(SnapshotThinning.KEPT_MAX);
    }

    @Test
    void aFullDiskLeavesTheNewestTwo() {
        List<SessionSnapshot> few = every(Duration.ofHours(2), 5);

        assertThat(SnapshotThinning.surplus(few, true))
                .containsExactlyElementsOf(
                        few.subList(2, 5).stream().map(SessionSnapshot::id).toList());
    }

    @Test
    void howeverTheyComeThereAreNeverManyMore() {
        var present = new ArrayList<SessionSnapshot>();
        for (int i = 0; i < 2_000; i++) {
            present.addFirst(
                    new SessionSnapshot(id(i), "coding", NOON.plus(Duration.ofMinutes(7L * i))));
            List<SnapshotId> surplus = SnapshotThinning.surplus(present, false);
            present.removeIf(snapshot -> surplus.contains(snapshot.id()));
            assertThat(present.size())
                    .isLessThanOrEqualTo(SnapshotThinning.KEPT_MAX + SnapshotThinning.SLACK);
        }
        assertThat(present.size()).isGreaterThanOrEqualTo(SnapshotThinning.KEPT_MAX);
    }

    private static List<SessionSnapshot> survivors(Duration between, int count) {
        List<SessionSnapshot> all = every(between, count);
        List<SnapshotId> surplus = SnapshotThinning.surplus(all, false);
        return all.stream().filter(snapshot -> !surplus.contains(snapshot.id())).toList();
    }

    /// Newest first.
    private static List<SessionSnapshot> every(Duration between, int count) {
        var all = new ArrayList<SessionSnapshot>();
        for (int i = 0; i < count; i++) {
            all.add(new SessionSnapshot(id(i), "coding", NOON.minus(between.multipliedBy(i))));
        }
        return all;
    }

    private static SnapshotId id(int number) {
        return new SnapshotId("snp_" + number);
    }
}
