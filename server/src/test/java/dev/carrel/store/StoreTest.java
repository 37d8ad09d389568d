package dev.carrel.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {
    @TempDir Path home;
    private Store store;

    @BeforeEach
    void open() {
        store = Store.open(home.resolve("carrel.db"));
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void readSeesAWriteThatReturned() {
        insert("a");

        assertThat(count()).isEqualTo(1);
    }

    @Test
    void writesAreThereAfterReopening() {
        insert("a");
        store.close();
        open();

        assertThat(count()).isEqualTo(1);
    }

    @Test
    void failingWriteRollsBackAloneAndItsExceptionComesOut() throws Exception {
        // All three wait while the writer's thread is held, so they share one transaction.
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var gate = new Gate();
            Future<?> holder = threads.submit(() -> gate.hold(store));
            gate.awaitHeld();
            Future<Integer> first = threads.submit(() -> insert("first"));
            Future<Integer> failing =
                    threads.submit(() ->
                            store.write(handle -> {
                                insert(handle, "failing");
                                throw new IllegalArgumentException("no");
                            }));
            Future<Integer> last = threads.submit(() -> insert("last"));
            gate.release();

            holder.get(10, TimeUnit.SECONDS);
            first.get(10, TimeUnit.SECONDS);
            last.get(10, TimeUnit.SECONDS);
            assertThatThrownBy(() -> failing.get(10, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(IllegalArgumentException.class)
                    .hasRootCauseMessage("no");
        }

        assertThat(ids()).containsExactly("first", "last");
    }

    @Test
    void failedStatementCanBeCaughtInsideTheWork() {
        insert("a");

        assertThatThrownBy(() -> insert("a")).isInstanceOf(UnableToExecuteStatementException.class);
        insert("b");

        assertThat(ids()).containsExactly("a", "b");
    }

    @Test
    void writersThatWaitTogetherShareATransaction() throws Exception {
        int writers = 50;
        int seenByOthers;
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var gate = new Gate();
            var second = new Gate();
            Future<?> holder = threads.submit(() -> gate.hold(store));
            gate.awaitHeld();
            for (int i = 0; i < writers; i++) {
                String id = "p" + i;
                threads.submit(() -> insert(id));
            }
            awaitQueued(writers);
            Future<?> last = threads.submit(() -> second.hold(store));
            awaitQueued(writers + 1);
            gate.release();
            second.awaitHeld();
            // All fifty have run, and none of them has been committed by itself.
            seenByOthers = count();
            second.release();
            holder.get(10, TimeUnit.SECONDS);
            last.get(10, TimeUnit.SECONDS);
        }

        assertThat(seenByOthers).isZero();
        assertThat(count()).isEqualTo(writers);
    }

    @Test
    void readIsOneStateOfTheDatabase() {
        insert("a");

        int seen =
                store.read(handle -> {
                    int before = count(handle);
                    runToEnd(() -> insert("b"));
                    return count(handle) - before;
                });

        assertThat(seen).isZero();
        assertThat(count()).isEqualTo(2);
    }

    @Test
    void readCannotWrite() {
        assertThatThrownBy(() -> store.read(handle -> insert(handle, "a")))
                .hasMessageContaining("readonly");
        assertThat(count()).isZero();
    }

    @Test
    void workThatCallsTheStoreAgainIsToldInsteadOfWaitingForItself() {
        assertThatThrownBy(() -> store.write(outer -> insert("a")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("use its handle");
        assertThatThrownBy(() -> store.read(outer -> count()))
                .isInstanceOf(IllegalStateException.class);
        assertThat(count()).isZero();
    }

    @Test
    void nestedTransactionOfTheHandleJoinsTheWrite() {
        assertThatThrownBy(() ->
                        store.write(handle -> {
                            handle.useTransaction(inner -> insert(inner, "a"));
                            throw new IllegalArgumentException("no");
                        }))
                .hasMessage("no");
        assertThat(count()).isZero();
    }

    @Test
    void fullDatabaseIsReportedAndUsableAgainWhenThereIsRoom() {
        insert("before");
        // The limit holds for the writer's connection until a failure makes it open a new one.
        store.write(handle -> handle.execute("pragma max_page_count = 1"));

        assertThatThrownBy(() -> insert("x".repeat(60_000)))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.DISK_FULL));
        insert("after");

        assertThat(ids()).containsExactly("after", "before");
    }

    @Test
    void secondOpeningIsRefusedAndSaysWhoHasIt() {
        assertThatThrownBy(() -> Store.open(home.resolve("carrel.db")))
                .isInstanceOfSatisfying(
                        CarrelException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFLICT))
                .hasMessageContaining("process " + ProcessHandle.current().pid())
                .hasMessageContaining("--home")
                .hasMessageNotContaining(home.toString());
    }

    @Test
    void closeFinishesWritesThatWait() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var gate = new Gate();
            Future<?> holder = threads.submit(() -> gate.hold(store));
            gate.awaitHeld();
            Future<Integer> waiting = threads.submit(() -> insert("a"));
            awaitQueued(1);
            Future<?> closing = threads.submit(store::close);
            gate.release();

            holder.get(10, TimeUnit.SECONDS);
            closing.get(10, TimeUnit.SECONDS);
            assertThat(waiting.get(10, TimeUnit.SECONDS)).isEqualTo(1);
        }
        open();
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void closedStoreRefuses() {
        store.close();

        assertThatThrownBy(() -> insert("a")).hasMessageContaining("stopping");
        assertThatThrownBy(this::count).hasMessageContaining("stopping");
    }

    @Test
    void interruptDoesNotHideTheOutcomeOfAWrite() {
        Thread.currentThread().interrupt();

        insert("a");

        assertThat(Thread.interrupted()).isTrue();
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void onlyTheOwnerMayReadTheFiles() throws Exception {
        insert("a");

        try (var files = Files.list(home)) {
            assertThat(files.filter(Files::isRegularFile))
                    .isNotEmpty()
                    .allSatisfy(file ->
                            assertThat(
                                            PosixFilePermissions.toString(
                                                    Files.getPosixFilePermissions(file)))
                                    .isEqualTo("rw-------"));
        }
    }

    @Test
    void damagedFileIsReported() throws Exception {
        Path file = Files.createDirectory(home.resolve("damaged")).resolve("carrel.db");
        Files.writeString(file, "this is not a database at all".repeat(1000));

        assertThatThrownBy(() -> Store.open(file))
                .isInstanceOf(CarrelException.class)
                .hasMessageContaining("damaged");
    }

    @Test
    void schemaOfANewerVersionIsRefused() {
        store.write(handle ->
                handle.execute(
                        """
                        insert into flyway_schema_history (installed_rank, version,
                          description, type, script, installed_by, execution_time, success)
                        values (999, '999', 'later', 'SQL', 'V999__later.sql', '', 0, 1)
                        """));
        store.close();

        assertThatThrownBy(this::open)
                .isInstanceOf(CarrelException.class)
                .hasMessageContaining("newer");
    }

    @Test
    void librariesThatKilledProcessesLeftAreRemoved() throws Exception {
        Path left = home.resolve("native/sqlite-3.0.0-left-libsqlitejdbc.so");
        store.close();
        Files.writeString(left, "x");

        open();

        assertThat(left).doesNotExist();
    }

    private int insert(String id) {
        return store.write(handle -> insert(handle, id));
    }

    private static int insert(Handle handle, String id) {
        return handle.execute("insert into projects (id, created_at) values (?, 0)", id);
    }

    private int count() {
        return store.read(StoreTest::count);
    }

    private static int count(Handle handle) {
        return handle.createQuery("select count(*) from projects").mapTo(Integer.class).one();
    }

    private List<String> ids() {
        return store.read(handle ->
                handle.createQuery("select id from projects order by id")
                        .mapTo(String.class)
                        .list());
    }

    private void awaitQueued(int writes) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (store.queued() < writes) {
            assertThat(System.nanoTime()).as("writes queued in time").isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private static void runToEnd(Runnable action) {
        try {
            Thread.ofVirtual().start(action).join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// A write that stays on the writer's thread until it is let go.
    private static final class Gate {
        private final CountDownLatch held = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        boolean hold(Store store) {
            return store.write(handle -> {
                held.countDown();
                return await(open);
            });
        }

        void awaitHeld() {
            await(held);
        }

        void release() {
            open.countDown();
        }

        private static boolean await(CountDownLatch latch) {
            try {
                return latch.await(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
