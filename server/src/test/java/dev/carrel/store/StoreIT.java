package dev.carrel.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StoreIT {
    private static final String FULL_DISK_BYTES = "8m";

    @TempDir Path home;

    @Test
    void everyWriteThatReturnedSurvivesKill9() throws Exception {
        Path file = home.resolve("carrel.db");
        for (int round = 0; round < 3; round++) {
            int last = writeUntilKilled(file, 50);
            try (Store store = Store.open(file)) {
                List<String> ids = ids(store);
                // The write under way may have been committed without its answer being heard.
                assertThat(ids).hasSizeBetween(last + 1, last + 2).contains("p0", "p" + last);
                store.write(handle -> handle.execute("delete from projects"));
            }
        }
    }

    @Test
    void secondProcessIsRefusedAndToldWhatToDo() throws Exception {
        Path file = home.resolve("carrel.db");
        try (Store ours = Store.open(file)) {
            String answer = output(java(StoreProcess.class, file.toString(), "open").start());

            assertThat(answer)
                    .contains("in use by process " + ProcessHandle.current().pid())
                    .contains("CARREL_HOME");
            assertThat(ids(ours)).isEmpty();
        }
        assertThat(output(java(StoreProcess.class, file.toString(), "open").start()))
                .isEqualTo("open\n");
    }

    /// The disk is a tmpfs that only the child's mount namespace has: it goes with the child.
    @Test
    void fullDiskIsReportedAndTheStoreGoesOnWhenThereIsRoom() throws Exception {
        List<String> command = new ArrayList<>(List.of("unshare", "--mount", "sh", "-c"));
        command.add(
                "mount -t tmpfs -o size=%s tmpfs \"$1\" && cd \"$1\" && shift && exec \"$@\""
                        .formatted(FULL_DISK_BYTES));
        command.add("sh");
        command.add(home.toString());
        command.addAll(java(FullDiskProcess.class, home.toString()).command());

        String answer = output(new ProcessBuilder(command).redirectErrorStream(true).start());

        assertThat(answer).contains("failed with DISK_FULL\n", "readable true\n", "usable true\n");
    }

    /// Its log holds the whole transaction by then: whoever opened it would take it for committed.
    @Test
    void writeWhoseSyncFailedIsNotThereAfterACrash() throws Exception {
        for (String reads : List.of("write", "read")) {
            Files.deleteIfExists(home.resolve("carrel.db-wal"));
            Files.deleteIfExists(home.resolve("carrel.db-shm"));
            Files.deleteIfExists(home.resolve("carrel.db"));

            String answer = withFailingSyncs("once", reads);

            assertThat(answer).contains("nothing was changed").endsWith("\n[before]\n");
            try (Store store = Store.open(home.resolve("carrel.db"))) {
                assertThat(ids(store)).as(reads).containsExactly("before");
            }
        }
    }

    @Test
    void whileSyncsFailNoWriteIsSaidToBeUndoneAndThenAllGoesOn() throws Exception {
        String answer = withFailingSyncs("always", "again");

        assertThat(answer)
                .contains("is not known: look before you retry")
                .endsWith("\n[before]\nwritten\n[after, before]\n");
        try (Store store = Store.open(home.resolve("carrel.db"))) {
            assertThat(ids(store)).containsExactly("after", "before");
        }
    }

    private String withFailingSyncs(String how, String what) throws Exception {
        Path library = home.resolve("failing-sync.so");
        Path source = Path.of(getClass().getResource("/store/failing-sync.c").toURI());
        output(
                new ProcessBuilder(
                                "cc",
                                "-shared",
                                "-fPIC",
                                "-o",
                                library.toString(),
                                source.toString())
                        .start());
        ProcessBuilder process = java(FailedSyncProcess.class, home.toString(), how, what);
        process.environment().put("LD_PRELOAD", library.toString());
        process.environment().put("FAIL_SYNC_ONCE", home.resolve("once").toString());
        process.environment().put("FAIL_SYNC_ALWAYS", home.resolve("always").toString());
        return output(process.start());
    }

    /// The last number that the process told before it was killed.
    private static int writeUntilKilled(Path file, int atLeast) throws IOException {
        Process process = java(StoreProcess.class, file.toString(), "write").start();
        int last = -1;
        try (BufferedReader reader = process.inputReader()) {
            assertThat(reader.readLine()).isEqualTo("open");
            while (last < atLeast) {
                last = Integer.parseInt(reader.readLine());
            }
            process.toHandle().destroyForcibly(); // unlike the process itself, keeps the pipe open
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                last = Integer.parseInt(line);
            }
        } finally {
            process.destroyForcibly();
        }
        return last;
    }

    private static String output(Process process) throws Exception {
        try (BufferedReader reader = process.inputReader()) {
            String all = reader.readAllAsString();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            return all;
        } finally {
            process.destroyForcibly();
        }
    }

    private static ProcessBuilder java(Class<?> main, String... args) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(args));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
    }

    private static List<String> ids(Store store) {
        return store.read(
                handle -> handle.createQuery("select id from projects").mapTo(String.class).list());
    }
}
