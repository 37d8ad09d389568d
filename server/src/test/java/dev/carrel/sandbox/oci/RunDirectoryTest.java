package dev.carrel.sandbox.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.sandbox.Execution.OutputListener;
import dev.carrel.sandbox.Execution.Stream;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
    private static final String EXIT = "1 0 0 %d 0 %d 0 1000 2000 1000000\n";

    @TempDir Path folder;
    private RunDirectory run;

    @BeforeEach
    void open() {
        run = new RunDirectory(folder);
    }

    private void put(ExecutionId id, String suffix, String text) throws IOException {
        Files.writeString(folder.resolve(id + suffix), text);
    }

    @Test
    void aFileIsWrittenWholeAndReadUpToTheLimit() throws IOException {
        run.write("a", "hello".getBytes(UTF_8), 0600);
        run.write("a", "again".getBytes(UTF_8), 0600);
        assertThat(run.read("a", 100)).hasValueSatisfying(b -> assertThat(b).hasSize(5));
        assertThat(run.read("a", 3)).hasValueSatisfying(b -> assertThat(b).hasSize(3));
        assertThat(run.read("b", 3)).isEmpty();
        assertThat(run.names()).containsExactly("a");
    }

    @Test
    void linksAndDirectoriesAreNotRead() throws IOException {
        Files.createSymbolicLink(folder.resolve("link"), Path.of("/etc/passwd"));
        Files.createDirectory(folder.resolve("directory"));
        assertThatThrownBy(() -> run.read("link", 10)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> run.read("directory", 10)).isInstanceOf(IOException.class);
        run.write("link", new byte[1], 0600);
        assertThat(Files.isSymbolicLink(folder.resolve("link"))).isFalse();
    }

    @Test
    void aRecordThatLiesIsHeldToItsLimits() throws IOException {
        var id = ExecutionId.next();
        put(id, ".out", "x".repeat(1000));
        put(id, ".err", "");
        put(id, ".exit", EXIT.formatted(Long.MAX_VALUE, Long.MAX_VALUE));
        var request =
                new ExecutionRequest(
                        List.of("x"), "/", Map.of(), "", ExecutionRequest.TIMEOUT_DEFAULT, 100);
        new ExecutionFiles(run, id).prepare(StartRecord.of(request, Instant.EPOCH, 0), "");
        var result = RecordedExecution.find(run, id).orElseThrow().result();
        assertThat(result.stdout()).hasSize(100);
        put(id, ".exit", "garbage");
        put(id, ".json", "[1,2");
        assertThat(RecordedExecution.find(run, id).orElseThrow().result().status())
                .isEqualTo(ExecutionStatus.INTERRUPTED);
    }

    @Test
    void theVerdictOnMemoryIsGivenOnce() throws IOException {
        var files = new ExecutionFiles(run, ExecutionId.next());
        var failed = ExitRecord.parse("1 256 0 0 0 0 0 0 0 0\n".getBytes(UTF_8)).orElseThrow();
        var fine = ExitRecord.parse("1 0 0 0 0 0 0 0 0 0\n".getBytes(UTF_8)).orElseThrow();
        assertThat(files.judge(fine, 1, 2)).isFalse();
        assertThat(files.judge(failed, 1, 1)).isFalse();
        assertThat(files.judge(failed, 1, 2)).isFalse();
        var other = new ExecutionFiles(run, ExecutionId.next());
        assertThat(other.judge(failed, 1, 2)).isTrue();
        assertThat(other.judge(failed, 2, 2)).isTrue();
    }

    @Test
    void outputIsPassedOnInWholeCharacters() throws IOException {
        var id = ExecutionId.next();
        byte[] text = "aé€😀z".getBytes(UTF_8);
        var chunks = new ArrayList<String>();
        OutputListener listener = (stream, chunk) -> chunks.add(chunk);
        Files.write(folder.resolve(id + ".out"), text);
        var files = new ExecutionFiles(run, id);
        try (var tail = tail(files, 1000)) {
            for (int end = 0; end <= text.length; end++) {
                tail.read(end, listener);
            }
            tail.finish(listener);
            assertThat(tail.text()).isEqualTo("aé€😀z");
        }
        assertThat(chunks).containsExactly("a", "é", "€", "😀", "z");
        chunks.clear();
        try (var tail = tail(files, 5)) {
            tail.read(Long.MAX_VALUE, listener);
            tail.finish(listener);
        }
        assertThat(chunks).containsExactly("aé", "\uFFFD");
    }

    private static OutputTail tail(ExecutionFiles files, long bytesMax) {
        var start =
                new StartRecord(
                        List.of(), "", 0, bytesMax, 0, java.util.Optional.empty(), false, false);
        return new OutputTail(new KeptOutput(files, Stream.STDOUT, start), Stream.STDOUT, 0);
    }

    @Test
    void theOldestEndedExecutionsArePruned() throws IOException {
        List<ExecutionId> ids = new ArrayList<>();
        for (int i = 0; i < Pruner.KEPT + 10; i++) {
            var id = ExecutionId.next();
            ids.add(id);
            for (String suffix : ExecutionFiles.SUFFIXES) {
                put(id, suffix, "");
                Files.setLastModifiedTime(
                        folder.resolve(id + suffix), FileTime.from(Instant.ofEpochSecond(i)));
            }
        }
        Files.writeString(folder.resolve(RunDirectory.CHANNEL), "");
        var running = ids.getFirst();
        new Pruner(run, () -> Set.of(running)).prune(Pruner.KEPT, Pruner.KEPT_BYTES);
        var files = ExecutionFiles.SUFFIXES.size();
        assertThat(run.names()).hasSize((Pruner.KEPT + 1) * files + 1);
        assertThat(new ExecutionFiles(run, running).wasStarted()).isTrue();
        for (int i = 1; i < 10; i++) {
            assertThat(new ExecutionFiles(run, ids.get(i)).wasStarted()).isFalse();
        }
        assertThat(new ExecutionFiles(run, ids.get(10)).wasStarted()).isTrue();
    }

    @Test
    void theOldestOutputsArePrunedUntilTheyFit() throws IOException {
        List<ExecutionId> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            var id = ExecutionId.next();
            ids.add(id);
            put(id, ".out", "x".repeat(1000));
            Files.setLastModifiedTime(
                    folder.resolve(id + ".out"), FileTime.from(Instant.ofEpochSecond(i)));
        }
        var pruner = new Pruner(run, () -> Set.of(ids.getFirst()));
        pruner.prune(100, 2500);
        assertThat(ids.stream().map(this::isThere)).containsExactly(true, false, false, true, true);
        pruner.prune(100, 10);
        assertThat(ids.stream().map(this::isThere))
                .containsExactly(true, false, false, false, true);
    }

    private boolean isThere(ExecutionId id) {
        return Files.exists(folder.resolve(id + ".out"));
    }
}
