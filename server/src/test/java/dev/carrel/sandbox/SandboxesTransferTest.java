package dev.carrel.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Files on their way into a sandbox, and what is done to it meanwhile.
class SandboxesTransferTest extends SandboxesFixture {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private Sandbox sandbox;
    private Snapshot before;

    @BeforeEach
    void take() {
        sandbox = create();
        before = sandboxes.snapshots().take(PROJECT, sandbox.id(), Optional.empty(), Map.of());
    }

    @Test
    void uploadThatSpansARestoreIsRefused() throws Exception {
        meanwhile(
                () -> files().write("/workspace/file", slow()),
                upload -> {
                    restore();
                    go.countDown();
                    assertConflict(upload);
                });
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> files().stat("/workspace/file"));
    }

    @Test
    void treeThatSpansARestoreIsRefused() throws Exception {
        meanwhile(
                () ->
                        files().writeTree(
                                        "/workspace/tree",
                                        tree -> {
                                            tree.file(
                                                    "a",
                                                    FileAttributes.NONE,
                                                    Instant.EPOCH,
                                                    slow());
                                            tree.directory("b", FileAttributes.NONE);
                                        }),
                upload -> {
                    restore();
                    go.countDown();
                    assertConflict(upload);
                });
    }

    @Test
    void uploadGoesOnOverAPauseAndAChange() throws Exception {
        meanwhile(
                () -> files().write("/workspace/file", slow()),
                upload -> {
                    sandboxes.pause(PROJECT, sandbox.id());
                    sandboxes.resume(PROJECT, sandbox.id());
                    var env = SandboxSpec.defaults().toBuilder().env(Map.of("A", "b")).build();
                    sandboxes.change(PROJECT, sandbox.id(), new SandboxChange(spec -> env, false));
                    sandboxes.pause(PROJECT, sandbox.id());
                    go.countDown();
                    upload.get();
                });
        assertThat(read(sandbox, "file")).isEqualTo("onetwo");
    }

    private SandboxFiles files() {
        return sandboxes.files(PROJECT, sandbox.id());
    }

    private void restore() {
        sandboxes.snapshots().restore(PROJECT, sandbox.id(), before.id());
    }

    /// Its second half comes after `go`.
    private InputStream slow() {
        var second =
                new ByteArrayInputStream("two".getBytes(UTF_8)) {
                    @Override
                    public synchronized int read(byte[] bytes, int offset, int length) {
                        begun.countDown();
                        awaitUnchecked(go);
                        return super.read(bytes, offset, length);
                    }
                };
        return new SequenceInputStream(new ByteArrayInputStream("one".getBytes(UTF_8)), second);
    }

    private interface Then {
        void with(Future<?> upload) throws Exception;
    }

    private void meanwhile(Runnable transfer, Then then) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> upload = threads.submit(transfer);
            awaitUnchecked(begun);
            then.with(upload);
        }
    }

    private static void assertConflict(Future<?> upload) {
        assertThatThrownBy(upload::get)
                .cause()
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT));
    }
}
