package dev.carrel.sandbox.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Uploads that stop in the middle until a test lets them go on.
final class HalfSent {
    private final Semaphore begun = new Semaphore(0);
    private final CountDownLatch go = new CountDownLatch(1);

    InputStream stream() {
        var second =
                new ByteArrayInputStream("two".getBytes(UTF_8)) {
                    @Override
                    public synchronized int read(byte[] bytes, int offset, int length) {
                        begun.release();
                        await();
                        return super.read(bytes, offset, length);
                    }
                };
        return new SequenceInputStream(new ByteArrayInputStream("one".getBytes(UTF_8)), second);
    }

    void awaitBegun(int count) throws InterruptedException {
        assertThat(begun.tryAcquire(count, 20, TimeUnit.SECONDS)).isTrue();
    }

    void goOn() {
        go.countDown();
    }

    private void await() {
        try {
            assertThat(go.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
