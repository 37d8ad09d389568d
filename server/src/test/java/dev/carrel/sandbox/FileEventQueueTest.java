package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FileEventQueueTest {
    private final FileEventQueue queue = new FileEventQueue();

    private List<FileEvent> all() throws InterruptedException {
        var events = new ArrayList<FileEvent>();
        for (var next = queue.next(Duration.ofMillis(1));
                next.isPresent();
                next = queue.next(Duration.ofMillis(1))) {
            events.add(next.get());
        }
        return events;
    }

    @Test
    void whatIsWaitingAlreadyIsNotAddedAgain() throws Exception {
        queue.add(new FileEvent.Created("/a", false));
        queue.add(new FileEvent.Modified("/a"));
        queue.add(new FileEvent.Attributes("/a", false));
        queue.add(new FileEvent.Modified("/b"));
        queue.add(new FileEvent.Modified("/b"));
        assertThat(all())
                .containsExactly(new FileEvent.Created("/a", false), new FileEvent.Modified("/b"));
        queue.add(new FileEvent.Modified("/b"));
        assertThat(all()).containsExactly(new FileEvent.Modified("/b"));
    }

    @Test
    void whatHappensAfterADeletionIsNew() throws Exception {
        queue.add(new FileEvent.Modified("/a"));
        queue.add(new FileEvent.Deleted("/a", false));
        queue.add(new FileEvent.Created("/a", false));
        assertThat(all())
                .containsExactly(
                        new FileEvent.Modified("/a"),
                        new FileEvent.Deleted("/a", false),
                        new FileEvent.Created("/a", false));
    }

    @Test
    void aFullQueueEndsWithAReason() throws Exception {
        for (int i = 0; i <= FileEventQueue.EVENTS_MAX; i++) {
            queue.add(new FileEvent.Modified("/" + i));
        }
        assertThat(queue.isClosed()).isTrue();
        assertThat(all()).containsExactly(new FileEvent.Closed(FileEvent.Reason.TOO_SLOW));
    }

    @Test
    void whatWasSeenBeforeTheEndIsTold() throws Exception {
        queue.add(new FileEvent.Modified("/a"));
        queue.close(FileEvent.Reason.DELETED);
        queue.close(FileEvent.Reason.SANDBOX_STOPPED);
        queue.add(new FileEvent.Modified("/b"));
        assertThat(all())
                .containsExactly(
                        new FileEvent.Modified("/a"),
                        new FileEvent.Closed(FileEvent.Reason.DELETED));
    }
}
