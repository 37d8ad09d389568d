package dev.carrel.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.error.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// What every [SandboxRuntime] promises to whoever watches files.
abstract class WatchContract extends ArchiveContract {
    private static final Duration LATE = Duration.ofSeconds(20);
    private static final String END = "/workspace/end";

    private static String shown(FileEvent event) {
        return switch (event) {
            case FileEvent.Created(String path, boolean directory) ->
                    "created " + path + (directory ? "/" : "");
            case FileEvent.Modified(String path) -> "modified " + path;
            case FileEvent.Deleted(String path, boolean directory) ->
                    "deleted " + path + (directory ? "/" : "");
            case FileEvent.Moved(String from, String to, boolean _) -> "moved " + from + " " + to;
            case FileEvent.Attributes(String path, boolean _) -> "attributes " + path;
            case FileEvent.Overflow _ -> "overflow";
            case FileEvent.Closed(FileEvent.Reason reason) -> "closed " + reason;
        };
    }

    /// All events until a file of a known name is made.
    private List<String> until(FileWatch watch, String command) throws Exception {
        run(command + "; rm -f end; mkdir end");
        List<String> events = new ArrayList<>();
        while (!events.contains("created " + END + "/")) {
            Optional<FileEvent> event = watch.next(LATE);
            assertThat(event).as("after %s", events).isPresent();
            events.add(shown(event.get()));
        }
        run("rmdir end");
        while (!shown(watch.next(LATE).orElseThrow()).equals("deleted " + END + "/")) {
            // What belongs to the end.
        }
        events.removeIf(event -> event.contains(END));
        return events;
    }

    @Test
    void eventsTellWhatHappensInADirectory() throws Exception {
        run("mkdir sub; touch sub/before");
        try (FileWatch watch = sandbox.files().watch("/workspace", false)) {
            assertThat(until(watch, "echo one > f")).startsWith("created /workspace/f");
            assertThat(until(watch, "echo two >> f")).containsExactly("modified /workspace/f");
            assertThat(until(watch, "chmod 600 f")).containsExactly("attributes /workspace/f");
            assertThat(until(watch, "mv f g")).containsExactly("moved /workspace/f /workspace/g");
            assertThat(until(watch, "rm g")).containsExactly("deleted /workspace/g");
            assertThat(until(watch, "mkdir d")).containsExactly("created /workspace/d/");
            assertThat(until(watch, "touch sub/in d/in; mv sub/before sub/after")).isEmpty();
            assertThat(until(watch, "mv sub/after in")).containsExactly("created /workspace/in");
            assertThat(until(watch, "mv in sub/out")).containsExactly("deleted /workspace/in");
        }
    }

    @Test
    void aTreeIsWatchedAsItGrowsAndMoves() throws Exception {
        run("mkdir -p a/b");
        try (FileWatch watch = sandbox.files().watch("/workspace", true)) {
            assertThat(until(watch, "touch a/b/f")).contains("created /workspace/a/b/f");
            assertThat(until(watch, "mkdir -p a/b/c/d; touch a/b/c/d/e a/b/c/x"))
                    .contains(
                            "created /workspace/a/b/c/",
                            "created /workspace/a/b/c/d/",
                            "created /workspace/a/b/c/d/e",
                            "created /workspace/a/b/c/x")
                    .doesNotHaveDuplicates();
            assertThat(until(watch, "echo x > a/b/c/d/e"))
                    .containsOnly("modified /workspace/a/b/c/d/e"); // emptied, and written to
            assertThat(until(watch, "mv a/b moved"))
                    .containsExactly("moved /workspace/a/b /workspace/moved");
            assertThat(until(watch, "echo y > moved/c/d/e"))
                    .containsOnly("modified /workspace/moved/c/d/e"); // emptied, and written to
            assertThat(until(watch, "rm -r moved/c"))
                    .contains("deleted /workspace/moved/c/d/e", "deleted /workspace/moved/c/");
            assertThat(until(watch, "mkdir -p moved/c; echo z > moved/c/again"))
                    .contains("created /workspace/moved/c/again");
        }
    }

    @Test
    void manyWritesAreToldOnce() throws Exception {
        run("touch f");
        try (FileWatch watch = sandbox.files().watch("/workspace", false)) {
            List<String> events =
                    until(watch, "i=0; while [ $i -lt 500 ]; do echo $i >> f; i=$((i+1)); done");
            assertThat(events).contains("modified /workspace/f").hasSizeLessThan(100);
        }
    }

    @Test
    void whatTheServerWritesIsToldByItsName() throws Exception {
        try (FileWatch watch = sandbox.files().watch("/workspace", true)) {
            sandbox.files().write("/workspace/put", content("x"));
            sandbox.files().makeDirectory("/workspace/t/u");
            sandbox.files().copy("/workspace/t", "/workspace/copy", false);
            List<String> events = until(watch, "true");
            assertThat(events)
                    .contains(
                            "created /workspace/put",
                            "created /workspace/t/",
                            "created /workspace/copy/",
                            "created /workspace/copy/u/")
                    .noneMatch(event -> event.contains(".carrel"))
                    .noneMatch(event -> event.contains("#"));
            sandbox.files().write("/workspace/put", content("y"));
            assertThat(until(watch, "true"))
                    .isNotEmpty()
                    .allMatch(event -> event.endsWith(" /workspace/put"));
        }
    }

    @Test
    void namesLikeTheServersOwnAreTold() throws Exception {
        run("touch '#12' .carrel_mine");
        try (FileWatch watch = sandbox.files().watch("/workspace", false)) {
            assertThat(until(watch, "echo x >> '#12'")).containsExactly("modified /workspace/#12");
            assertThat(until(watch, "chmod 600 .carrel_mine"))
                    .containsExactly("attributes /workspace/.carrel_mine");
            assertThat(until(watch, "mv .carrel_mine '#13'"))
                    .containsExactly("moved /workspace/.carrel_mine /workspace/#13");
        }
    }

    @Test
    void aWatchEndsWithItsDirectory() throws Exception {
        run("mkdir d");
        try (FileWatch watch = sandbox.files().watch("/workspace/d", true)) {
            run("rmdir d");
            assertThat(shown(watch.next(LATE).orElseThrow())).isEqualTo("closed DELETED");
            assertThat(watch.next(Duration.ofMillis(10))).isEmpty();
        }
    }

    @Test
    void aWatchEndsWithItsSandbox() throws Exception {
        try (FileWatch watch = sandbox.files().watch("/workspace", true)) {
            runtime.stop(id);
            assertThat(shown(watch.next(LATE).orElseThrow())).isEqualTo("closed SANDBOX_STOPPED");
        }
    }

    @Test
    void aClosedWatchIsSilentAndMayBeClosedAgain() throws Exception {
        FileWatch watch = sandbox.files().watch("/workspace", true);
        watch.close();
        watch.close();
        assertThat(watch.isEnded()).isTrue();
        assertThat(shown(watch.next(LATE).orElseThrow())).startsWith("closed");
    }

    @Test
    void aReaderThatTakesNothingIsDropped() throws Exception {
        try (FileWatch watch = sandbox.files().watch("/workspace", true)) {
            run(
                    "i=0; while [ $i -lt 5 ]; do seq 1 3000 | sed \"s/^/f$i-/\" | xargs touch;"
                            + " i=$((i+1)); done");
            List<String> events = new ArrayList<>();
            while (!watch.isEnded() || events.isEmpty()) {
                watch.next(Duration.ofMillis(100)).map(WatchContract::shown).ifPresent(events::add);
            }
            watch.next(LATE).map(WatchContract::shown).ifPresent(events::add);
            assertThat(events).last().asString().isIn("closed TOO_SLOW", "overflow");
        }
    }

    @Test
    void onlyDirectoriesAreWatched() throws Exception {
        run("touch file");
        assertCode(ErrorCode.CONFLICT, () -> sandbox.files().watch("/workspace/file", false));
        assertCode(ErrorCode.FILE_NOT_FOUND, () -> sandbox.files().watch("/workspace/no", false));
        assertCode(ErrorCode.INVALID_PATH, () -> sandbox.files().watch("/proc/self", false));
        assertCode(ErrorCode.INVALID_PATH, () -> sandbox.files().watch("x", false));
    }
}
