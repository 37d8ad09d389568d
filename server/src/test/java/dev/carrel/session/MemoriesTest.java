package dev.carrel.session;

import static dev.carrel.session.SessionFixture.OTHER_PROJECT;
import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.carrel.agent.FolderMemory;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.session.Memories.Author;
import dev.carrel.tool.Memory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoriesTest {
    private static final MemoryName CODER = MemoryName.agent("coder");
    private static final SessionId SESSION = SessionId.next();

    @TempDir Path home;
    private SessionFixture fixture;
    private Memories memories;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        memories = fixture.deployments.memories();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private static ErrorCode code(ThrowingCallable call) {
        return catchThrowableOfType(CarrelException.class, call).code();
    }

    private String text(MemoryName name) {
        return memories.get(PROJECT, name).text();
    }

    private StoredMemory put(MemoryName name, String text) {
        return memories.put(PROJECT, name, text, Optional.empty());
    }

    private List<MemoryName> deploy(String project, String coder) {
        var memory = new FolderMemory(Optional.of(project), Map.of("coder", coder));
        return fixture.deployments
                .deploy(PROJECT, List.of(SessionFixture.agent("coder")), memory)
                .memoriesKept();
    }

    @Test
    void aCallThatIsMadeAgainWritesOnce() {
        Author call = Author.call(SESSION, 7);
        Memory.Written first = memories.append(PROJECT, CODER, "one", call);
        memories.append(PROJECT, CODER, "two", Author.call(SESSION, 9));
        assertThat(memories.append(PROJECT, CODER, "one", call)).isEqualTo(first);
        assertThat(text(CODER)).isEqualTo("one\ntwo\n");
        Author save = Author.call(SESSION, 11);
        Memory.Written saved = memories.save(PROJECT, CODER, "three", 2, save);
        assertThat(memories.save(PROJECT, CODER, "three", 2, save)).isEqualTo(saved);
        assertThat(memories.get(PROJECT, CODER).author()).isEqualTo(SESSION.value());
    }

    @Test
    void ofTwoSavesOfOneVersionOneIsRefused() {
        memories.save(PROJECT, CODER, "a", 0, Author.call(SESSION, 1));
        assertThat(code(() -> memories.save(PROJECT, CODER, "b", 0, Author.call(SESSION, 2))))
                .isEqualTo(ErrorCode.CONFLICT);
        assertThat(text(CODER)).isEqualTo("a");
    }

    @Test
    void linesThatAreAddedAtOnceAreAllKept() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 20; i++) {
                int n = i;
                threads.submit(
                        () -> memories.append(PROJECT, CODER, "l" + n, Author.call(SESSION, n)));
            }
        }
        assertThat(text(CODER).lines())
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 20).mapToObj(i -> "l" + i).toList());
    }

    @Test
    void aTagOfAnEarlierTextChangesNothing() {
        StoredMemory first = put(CODER, "a");
        StoredMemory second = memories.put(PROJECT, CODER, "b", Optional.of(first.tag()));
        assertThat(code(() -> memories.put(PROJECT, CODER, "c", Optional.of(first.tag()))))
                .isEqualTo(ErrorCode.PRECONDITION_FAILED);
        assertThat(code(() -> memories.delete(PROJECT, CODER, Optional.of(first.tag()))))
                .isEqualTo(ErrorCode.PRECONDITION_FAILED);
        memories.delete(PROJECT, CODER, Optional.of(second.tag()));
        put(CODER, "d");
        put(CODER, "e");
        assertThat(code(() -> memories.put(PROJECT, CODER, "f", Optional.of(second.tag()))))
                .isEqualTo(ErrorCode.PRECONDITION_FAILED);
        assertThat(text(CODER)).isEqualTo("e");
    }

    @Test
    void theLastVersionsAreKept() {
        for (int i = 1; i <= Memories.TEXTS_KEPT + 3; i++) {
            put(CODER, "text " + i);
        }
        assertThat(memories.versions(PROJECT, CODER))
                .hasSize(Memories.TEXTS_KEPT)
                .first()
                .extracting(StoredMemory.Version::version)
                .isEqualTo(Memories.TEXTS_KEPT + 3L);
        assertThat(memories.get(PROJECT, CODER, 4).text()).isEqualTo("text 4");
        assertThat(code(() -> memories.get(PROJECT, CODER, 3)))
                .isEqualTo(ErrorCode.MEMORY_NOT_FOUND);
    }

    @Test
    void aTextThatIsTooLongIsRefusedAndTheOldOneStays() {
        put(CODER, "ä".repeat(Memory.BYTES_MAX / 2));
        assertThat(code(() -> memories.append(PROJECT, CODER, "x", Author.API)))
                .isEqualTo(ErrorCode.BODY_TOO_LARGE);
        assertThat(code(() -> put(MemoryName.user("u".repeat(257)), "x")))
                .isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(memories.get(PROJECT, CODER).version()).isEqualTo(1);
    }

    @Test
    void aDeploymentSeedsAndReplacesOnlyWhatNobodyHasChanged() {
        assertThat(deploy("P1", "C1")).isEmpty();
        assertThat(text(MemoryName.PROJECT)).isEqualTo("P1");
        assertThat(deploy("P2", "C1")).isEmpty();
        assertThat(text(MemoryName.PROJECT)).isEqualTo("P2");
        memories.append(PROJECT, CODER, "learned", Author.call(SESSION, 3));
        assertThat(deploy("P2", "C1")).isEmpty();
        assertThat(deploy("P3", "C2")).containsExactly(CODER);
        assertThat(text(MemoryName.PROJECT)).isEqualTo("P3");
        assertThat(text(CODER)).isEqualTo("C1\nlearned\n");
        assertThat(memories.get(PROJECT, MemoryName.PROJECT, 1).text()).isEqualTo("P1");
        fixture.deployments.deploy(PROJECT, List.of(SessionFixture.agent("coder")));
        assertThat(text(CODER)).isEqualTo("C1\nlearned\n");
    }

    @Test
    void aPromptHoldsWhatBelongsToTheSessionAndNothingElse() {
        put(MemoryName.PROJECT, "shared");
        put(CODER, "own");
        put(MemoryName.agent("other"), "OTHER AGENT");
        put(MemoryName.user("ada"), "ada's");
        put(MemoryName.user("bob"), "BOB");
        memories.put(OTHER_PROJECT, MemoryName.PROJECT, "OTHER PROJECT", Optional.empty());
        assertThat(memories.prompt(PROJECT, "coder", Optional.of("ada")))
                .isEqualTo(
                        "## Shared by all agents\nshared\n\n## Your own\nown\n\n"
                                + "## About this user\nada's");
        assertThat(memories.prompt(PROJECT, "coder", Optional.empty()))
                .isEqualTo("## Shared by all agents\nshared\n\n## Your own\nown");
        assertThat(memories.prompt(OTHER_PROJECT, "x", Optional.of("ada")))
                .isEqualTo("## Shared by all agents\nOTHER PROJECT");
    }

    @Test
    void aLongMemoryIsCutInThePrompt() {
        put(CODER, "x".repeat(Memories.PROMPT_CHARS_MAX + 10));
        assertThat(memories.prompt(PROJECT, "coder", Optional.empty()))
                .endsWith("… [10 more characters cut]");
    }

    @Test
    void memoriesAreListedInPages() {
        for (String user : List.of("a", "b", "c")) {
            put(MemoryName.user(user), user);
        }
        var first = memories.list(PROJECT, 2, Optional.empty());
        var second = memories.list(PROJECT, 2, first.next());
        assertThat(first.items()).hasSize(2);
        assertThat(second.items()).hasSize(1);
        assertThat(second.next()).isEmpty();
        assertThat(memories.list(OTHER_PROJECT, 10, Optional.empty()).items()).isEmpty();
        assertThat(code(() -> memories.get(OTHER_PROJECT, MemoryName.user("a"))))
                .isEqualTo(ErrorCode.MEMORY_NOT_FOUND);
    }
}
