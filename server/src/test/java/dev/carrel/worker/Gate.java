package dev.carrel.worker;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Holds a thread at a place until the test lets it go on.
final class Gate {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch opened = new CountDownLatch(1);

    /// The thread under test.
    void pass() throws InterruptedException {
        reached.countDown();
        await(opened);
    }

    /// The test.
    void awaitReached() throws InterruptedException {
        await(reached);
    }

    void open() {
        opened.countDown();
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        if (!latch.await(30, TimeUnit.SECONDS)) {
            throw new AssertionError("nobody came within 30 s");
        }
    }
}
