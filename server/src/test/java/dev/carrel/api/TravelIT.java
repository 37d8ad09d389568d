package dev.carrel.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.cli.RealServer;
import dev.carrel.client.CarrelClient;
import dev.carrel.client.EventFeed;
import dev.carrel.client.SessionEvent;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.oci.Eventually;
import dev.carrel.wire.Command;
import dev.carrel.wire.DiffInfo;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.RewindRequest;
import dev.carrel.wire.SandboxInfo;
import dev.carrel.wire.SandboxRequest;
import dev.carrel.wire.SessionForkRequest;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// Sessions of a real server go back in time, with real files.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TravelIT {
    /// Each turn writes what its message says into a file, in two steps.
    private static final String SCRIPT =
            """
            conversations:
              - when: "first"
                steps:
                  - calls:
                      - {name: bash, arguments: {command: "echo one > file"}}
                      - {name: bash, arguments: {command: "echo two > file"}}
                  - calls: [{name: bash, arguments: {command: "echo three > file"}}]
                  - text: "First is done."
              - when: "second"
                steps:
                  - calls: [{name: bash, arguments: {command: "echo four > file; touch more"}}]
                  - text: "Second is done."
              - when: "wait"
                steps:
                  - calls: [{name: bash, arguments: {command: "echo begun > file; sleep 60"}}]
                  - text: "Waited."
              - when: "look"
                steps:
                  - calls: [{name: bash, arguments: {command: "cat file; ls"}}]
                  - text: "I have looked."
              - when: "make"
                steps:
                  - calls:
                      - name: bash
                        arguments:
                          command: |
                            git init -q . 2>/dev/null
                            seq 1 50 > changed; echo gone > gone; echo run > mode; echo x > 'kind'
                            mkdir -p deep/er; echo in > deep/er/file; printf 'no end' > noend
                            printf '\\000\\001' > binary; head -c 2000000 /dev/zero > big
                            echo same > same
                  - text: "It is made."
              - when: "change"
                steps:
                  - calls:
                      - name: bash
                        arguments:
                          command: |
                            sed -i 's/^7$/seven/; s/^40$/forty/' changed; rm gone; chmod +x mode
                            rm kind; ln -s same kind; rm -r deep; mkdir deep; echo new > deep/new
                            printf 'no end still' > noend; : > empty; echo u > 'ü "q" \\ x'
                            echo blank > 'with blank'; touch same; printf '\\n\\n' >> changed
                            git add -A 2>/dev/null
                  - text: "It is changed."
              - when: "spoil"
                steps:
                  - calls:
                      - name: bash
                        arguments:
                          command: |
                            printf '\\000\\002' > binary; echo more >> big; mkfifo pipe
                            ln -s /etc/passwd evil; cp -r /etc/skel evil2; echo x >> /etc/motd
                  - text: "It is spoilt."
              - when: "dig"
                steps:
                  - calls:
                      - name: bash
                        arguments:
                          command: |
                            d=deep; for i in $(seq 300); do d=$d/d; done; mkdir -p $d
                            echo x > $d/lowest; echo y > top
                  - text: "I have dug."
              - when: "talk"
                steps:
                  - text: "I talk."
            """;

    private RealServer server;
    private CarrelClient client;

    @BeforeAll
    void start() throws IOException {
        server = RealServer.scripted(SCRIPT, "[{\"name\": \"coder\", \"model\": \"script/x\"}]");
        client = server.client();
    }

    @AfterAll
    void stop() throws IOException {
        server.close();
    }

    @Test
    void everyEntryHasItsFiles() throws Exception {
        String session = firstTurn();
        List<SessionEvent> events = events(session);
        long done = 0;
        String expected = "none";
        List<String> contents = List.of("one", "two", "three");
        int writes = 0;
        for (SessionEvent event : events) {
            long seq = event.seq().orElseThrow();
            if (event.type().equals("tool.completed")) {
                expected = contents.get(writes++);
            }
            SessionInfo fork = client.sessions().fork(session, SessionForkRequest.at(seq));
            assertThat(fileOf(fork)).as("entry %d, %s", seq, event.type()).isEqualTo(expected);
            assertThat(types(fork.id()).subList(0, (int) seq))
                    .isEqualTo(types(session).subList(0, (int) seq));
            client.sessions().delete(fork.id());
            done++;
        }
        assertThat(done).isEqualTo(events.size());
        assertThat(writes).isEqualTo(3);
        assertThat(types(session)).hasSize(events.size()); // untouched
        client.sessions().delete(session);
    }

    @Test
    void aForkGoesOnByItselfAndTheOriginalToo() throws Exception {
        String session = firstTurn();
        long end = last(session);
        run(session, "second");

        SessionInfo fork = client.sessions().fork(session, SessionForkRequest.at(end));
        assertThat(fileOf(fork)).isEqualTo("three");
        assertThat(fork.sandbox()).isNotEqualTo(client.sessions().get(session).sandbox());
        assertThat(fork.usage().inputTokens()).isZero();
        assertThat(fork.state()).isEqualTo("idle");
        assertThat(run(fork.id(), "look")).contains("three\\nfile").doesNotContain("more");
        assertThat(run(session, "look")).contains("four\\nfile\\nmore");
        client.sessions().delete(session);
        assertThat(fileOf(fork)).isEqualTo("three");
        client.sessions().delete(fork.id());
    }

    @Test
    void aForkOfNowHasTheFilesOfNowWhileTheTurnRunsOn() throws Exception {
        String session = create();
        client.sessions().send(session, "wait");
        Eventually.holds(() -> client.sessions().get(session).sandbox().isPresent());
        String sandbox = client.sessions().get(session).sandbox().orElseThrow();
        Eventually.holds(() ->
                client.sandboxes().listFiles(sandbox, "/workspace", true).data().stream()
                        .anyMatch(file -> file.path().endsWith("/file") && file.sizeBytes() > 0));

        SessionInfo fork = client.sessions().fork(session, SessionForkRequest.ofNow());
        assertThat(fileOf(fork)).isEqualTo("begun");
        assertThat(client.sessions().get(session).state()).isEqualTo("running");
        assertThat(run(fork.id(), "talk")).contains("I talk.");
        assertThat(refusal(() -> client.sessions().rewind(session, RewindRequest.to(1))).code())
                .isEqualTo(ErrorCode.CONFLICT);
        client.sessions().interrupt(session);
        Eventually.holds(() -> client.sessions().get(session).state().equals("idle"));
        client.sessions().rewind(session, RewindRequest.to(1));
        client.sessions().delete(session);
        client.sessions().delete(fork.id());
    }

    @Test
    void aRewindGoesBackWithItsFilesAndMayBeRewound() throws Exception {
        String session = firstTurn();
        long first = last(session);
        run(session, "second");
        long second = last(session);

        SessionInfo back = client.sessions().rewind(session, RewindRequest.to(first));
        assertThat(fileOf(back)).isEqualTo("three");
        assertThat(back.lastEvent()).isEqualTo(second + 2); // its files, and the way back
        assertThat(run(session, "look")).contains("three\\nfile").doesNotContain("more");

        client.sessions().rewind(session, RewindRequest.to(second));
        assertThat(run(session, "look")).contains("four\\nfile\\nmore");

        SessionInfo empty = client.sessions().rewind(session, RewindRequest.to(1));
        assertThat(empty.sandbox()).isEmpty();
        client.sessions().rewind(session, RewindRequest.to(second));
        assertThat(fileOf(client.sessions().get(session))).isEqualTo("four");
        client.sessions().delete(session);
    }

    @Test
    void whatARewindLeavesBehindIsKept() throws Exception {
        String session = firstTurn();
        String sandbox = client.sessions().get(session).sandbox().orElseThrow();
        long end = last(session);
        client.sandboxes()
                .writeFile(sandbox, "/workspace/upload", "mine".getBytes(StandardCharsets.UTF_8));
        client.sessions().rewind(session, RewindRequest.to(1));

        SessionInfo back = client.sessions().rewind(session, RewindRequest.to(end));
        assertThat(read(back, "/workspace/upload")).isEqualTo("mine");
        client.sessions().delete(session);
    }

    @Test
    void whatAnInterruptedCallHasWrittenBelongsToItsEnd() throws Exception {
        String session = create();
        client.sessions().send(session, "wait");
        Eventually.holds(() -> client.sessions().get(session).sandbox().isPresent());
        String sandbox = client.sessions().get(session).sandbox().orElseThrow();
        Eventually.holds(() -> shell(sandbox, "cat file 2>&1 || true").contains("begun"));
        client.sessions().interrupt(session);
        Eventually.holds(() -> client.sessions().get(session).state().equals("idle"));

        SessionInfo fork = client.sessions().fork(session, SessionForkRequest.at(last(session)));
        assertThat(fileOf(fork)).isEqualTo("begun");
        client.sessions().delete(session);
        client.sessions().delete(fork.id());
    }

    @Test
    void filesInAGivenSandboxAreNobodysToTakeBack() {
        SandboxInfo given = client.sandboxes().create(SandboxRequest.builder().user("bob").build());
        var wanted =
                new SessionRequest("coder", Optional.of("bob"), Map.of(), Optional.of(given.id()));
        String session = client.sessions().create(wanted).id();
        run(session, "first");
        assertThat(refusal(() -> client.sessions().rewind(session, RewindRequest.to(1))).code())
                .isEqualTo(ErrorCode.CONFLICT);
        var other =
                new SessionRequest(
                        "coder", Optional.of("carol"), Map.of(), Optional.of(given.id()));
        assertThat(refusal(() -> client.sessions().create(other)).code())
                .isEqualTo(ErrorCode.CONFLICT);
        client.sessions().delete(session);
        client.sandboxes().delete(given.id());
    }

    @Test
    void whatAUserUploadsBetweenTurnsBelongsToTheNext() throws Exception {
        String session = firstTurn();
        String sandbox = client.sessions().get(session).sandbox().orElseThrow();
        client.sandboxes()
                .writeFile(sandbox, "/workspace/upload", "mine".getBytes(StandardCharsets.UTF_8));
        long end = last(session);
        run(session, "second");

        SessionInfo back = client.sessions().rewind(session, RewindRequest.to(end + 1));
        assertThat(read(back, "/workspace/upload")).isEqualTo("mine");
        assertThat(fileOf(back)).isEqualTo("three");
        assertThat(fileOf(client.sessions().rewind(session, RewindRequest.to(end))))
                .isEqualTo("three");
        assertThat(refusal(() -> read(back, "/workspace/upload")).code())
                .isEqualTo(ErrorCode.FILE_NOT_FOUND);
        client.sessions().delete(session);
    }

    @Test
    void theConversationAloneLeavesTheFilesAlone() throws Exception {
        String session = firstTurn();
        SessionInfo back = client.sessions().rewind(session, RewindRequest.to(1).withoutFiles());
        assertThat(fileOf(back)).isEqualTo("three");
        SessionInfo fork =
                client.sessions().fork(session, SessionForkRequest.ofNow().withoutFiles());
        assertThat(fork.sandbox()).isEmpty();
        client.sessions().delete(session);
        client.sessions().delete(fork.id());
    }

    @Test
    void aDifferenceIsAPatchThatGitApplies() throws Exception {
        String session = create();
        run(session, "make");
        long made = last(session);
        run(session, "change");
        long changed = last(session);

        DiffInfo diff = client.sessions().diff(session, made, Optional.of(changed));
        assertThat(diff.truncated()).isFalse();
        assertThat(diff.patch())
                .contains("deleted file mode 100644", "new mode 100755", "new file mode 120000")
                .contains("-7\n+seven", "\\ No newline at end of file", "\"b/\\303\\274 ")
                .doesNotContain(".git/", "same\n--- ", "binary");
        SessionInfo before = client.sessions().fork(session, SessionForkRequest.at(made));
        String sandbox = before.sandbox().orElseThrow();
        client.sandboxes()
                .writeFile(sandbox, "/tmp/patch", diff.patch().getBytes(StandardCharsets.UTF_8));
        assertThat(shell(sandbox, "cd /workspace && git apply --whitespace=nowarn /tmp/patch"))
                .isEmpty();
        String list =
                "cd /workspace && find . -path ./.git -prune -o ! -type d -print0"
                        + " | sort -z | xargs -0 stat -c '%A %n %N' && cat changed noend deep/* same *blank ü*"
                        + " && md5sum big binary";
        assertThat(shell(sandbox, list))
                .isEqualTo(shell(client.sessions().get(session).sandbox().orElseThrow(), list));
        assertThat(client.sessions().diff(session, changed, Optional.empty()).patch()).isEmpty();
        assertThat(client.sessions().diff(session, 1, Optional.of(made)).patch())
                .contains("+++ b/deep/er/file", "Binary files /dev/null and b/binary differ");

        run(session, "spoil");
        assertThat(client.sessions().diff(session, changed, Optional.empty()).patch())
                .contains("Binary files a/binary and b/binary differ\n")
                .contains("Binary files a/big and b/big differ, of which one has more than")
                .contains(
                        "new file mode 120000\n--- /dev/null\n+++ b/evil\n@@ -0,0 +1,1 @@\n+/etc/passwd")
                .doesNotContain("b/pipe", "root:x:", "motd");
        client.sessions().delete(session);
        client.sessions().delete(before.id());
    }

    @Test
    void whatIsTooDeepToCompareIsSaid() throws Exception {
        String session = create();
        run(session, "dig");

        DiffInfo diff = client.sessions().diff(session, 1, Optional.empty());
        assertThat(diff.truncated()).isTrue();
        assertThat(diff.patch()).contains("+++ b/top").doesNotContain("lowest");
        client.sessions().delete(session);
    }

    private String shell(String sandbox, String line) {
        ExecutionInfo done =
                client.sandboxes().execute(sandbox, ExecuteRequest.of(Command.line(line)));
        assertThat(done.stderr()).isEmpty();
        return done.stdout();
    }

    @Test
    void whatCannotBeIsRefused() {
        String session = firstTurn();
        long last = last(session);
        assertThat(
                        refusal(() -> client.sessions().rewind(session, RewindRequest.to(last + 1)))
                                .text())
                .contains("from 1 to " + last);
        assertThat(refusal(() -> client.sessions().fork(session, SessionForkRequest.at(0))).code())
                .isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(
                        refusal(() ->
                                        client.sessions()
                                                .fork("ses_none", SessionForkRequest.ofNow()))
                                .code())
                .isEqualTo(ErrorCode.SESSION_NOT_FOUND);
        client.sessions().delete(session);
    }

    @Test
    void whatASessionKeepsIsShownToNobodyAndGoesWithIt() throws Exception {
        String session = firstTurn();
        assertThat(client.snapshots().list(Optional.empty(), 100, Optional.empty()).data())
                .isEmpty();
        SessionEvent taken =
                events(session).stream()
                        .filter(event -> event.type().equals("snapshot.taken"))
                        .findFirst()
                        .orElseThrow();
        String id = taken.json().path("snapshot").asText();
        assertThat(refusal(() -> client.snapshots().get(id)).code())
                .isEqualTo(ErrorCode.SNAPSHOT_NOT_FOUND);
        client.sessions().delete(session);
        assertThat(server.home().resolve("snapshots")).isEmptyDirectory();
    }

    @Test
    void aForkIsASandboxOfItsOwnKindAfterItsOriginalIsGone() throws Exception {
        String session = firstTurn();
        String sandbox = client.sessions().get(session).sandbox().orElseThrow();
        client.sandboxes().delete(sandbox);
        SessionInfo fork = client.sessions().fork(session, SessionForkRequest.at(last(session)));
        assertThat(fileOf(fork)).isEqualTo("three");
        SandboxInfo made = client.sandboxes().get(fork.sandbox().orElseThrow());
        assertThat(made.image()).startsWith("coding");
        SessionInfo back = client.sessions().rewind(session, RewindRequest.to(last(session)));
        assertThat(fileOf(back)).isEqualTo("three");
        client.sessions().delete(session);
        client.sessions().delete(fork.id());
    }

    private String create() {
        return client.sessions().create(SessionRequest.of("coder")).id();
    }

    private String firstTurn() {
        String session = create();
        run(session, "first");
        return session;
    }

    /// Returns the turn's entries as text.
    private String run(String session, String message) {
        long after = last(session);
        client.sessions().send(session, message);
        var text = new StringBuilder();
        try (EventFeed feed = client.sessions().follow(session, after)) {
            while (feed.hasNext()) {
                SessionEvent event = feed.next();
                text.append(event.seq().isPresent() ? event.json() + "\n" : "");
                if (event.type().equals("turn.completed")) {
                    assertThat(event.json().path("stop_reason").asText()).isEqualTo("end");
                    return text.toString();
                }
            }
        }
        throw new AssertionError(text);
    }

    private long last(String session) {
        return client.sessions().get(session).lastEvent();
    }

    private List<SessionEvent> events(String session) {
        return client.sessions().events(session, 0, 1000);
    }

    private List<String> types(String session) {
        return events(session).stream().map(SessionEvent::type).toList();
    }

    private String fileOf(SessionInfo session) throws IOException {
        return session.sandbox().isEmpty() ? "none" : read(session, "/workspace/file");
    }

    private String read(SessionInfo session, String path) throws IOException {
        String sandbox = session.sandbox().orElseThrow();
        try (InputStream file = client.sandboxes().readFile(sandbox, path)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }

    private static CarrelException refusal(ThrowingCallable call) {
        return catchThrowableOfType(CarrelException.class, call);
    }
}
