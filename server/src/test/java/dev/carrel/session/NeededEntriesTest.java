package dev.carrel.session;

import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.session.SessionFixture.answer;
import static dev.carrel.session.SessionFixture.end;
import static dev.carrel.session.SessionFixture.sumUp;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.carrel.agent.Conversation;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A turn loads no more of a long session than its next request needs, and folds it to the same.
class NeededEntriesTest {
    @TempDir Path home;
    private SessionFixture fixture;
    private SessionId session;
    private Lease lease;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        session = fixture.newSession();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void ofTheMessagesThatASummaryStandsForThoseThatStayAreLoaded() {
        for (int i = 0; i < 40; i++) {
            turn("message " + i);
        }
        send("sum up");
        SessionJournal journal = journal();
        sumUp(journal, 3, 2); // 3 answers stay with the messages between, and 2 messages before
        end(journal, StopReason.END);
        send("next");

        assertThat(loaded(Event.UserMessage.class))
                .extracting(Event.UserMessage::text)
                .containsExactly(
                        "message 36", "message 37", "message 38", "message 39", "sum up", "next");
        assertSameFold();
    }

    @Test
    void whatOnlyEarlierTurnsWereToldIsNotLoaded() {
        for (int i = 0; i < 10; i++) {
            send("turn " + i);
            SessionJournal journal = journal();
            boolean news = i % 3 == 0; // the last one with 9
            journal.append(
                    new Event.TurnStarted(7, news ? Optional.of("told " + i) : Optional.empty()));
            end(journal, StopReason.END);
        }
        fixture.rewind(
                session,
                fixture.session(session).lastEvent() - 1); // before the end of the turn with 9
        send("next");

        assertThat(loaded(Event.TurnStarted.class))
                .hasSize(10)
                .flatExtracting(started -> started.memory().stream().toList())
                .containsExactly("told 9");
        fixture.rewind(session, endOf(8));
        send("next");
        assertThat(loaded(Event.TurnStarted.class))
                .flatExtracting(started -> started.memory().stream().toList())
                .containsExactly("told 6");
    }

    @Test
    void toolsOfTheCallerStayOverTurnsOfResultsAlone() {
        fixture.sessions.send(
                PROJECT, session, new TurnInput(List.of("weather?"), Map.of(), List.of(TOOL)));
        SessionJournal journal = journal();
        journal.append(answer("", new ToolCall("c0", "weather", "{}")));
        end(journal, StopReason.TOOL_CALLS);
        for (int i = 0; i < 3; i++) {
            fixture.sessions.send(
                    PROJECT, session, new TurnInput(List.of(), Map.of("c" + i, "sun"), List.of()));
            journal = journal();
            journal.append(new Event.TurnStarted(1));
            journal.append(new Event.ModelStarted(1, "a/b"));
            journal.append(answer("", new ToolCall("c" + (i + 1), "weather", "{}")));
            end(journal, StopReason.TOOL_CALLS);
        }
        fixture.sessions.send(
                PROJECT, session, new TurnInput(List.of(), Map.of("c3", "sun"), List.of()));
        journal = journal();
        journal.append(new Event.TurnStarted(1));
        sumUp(journal, 1, 0);
        assertSameFold();
        assertThat(Conversation.of(journal.events()).callerTools()).containsExactly(TOOL);
    }

    private static final ToolSpec TOOL =
            new ToolSpec("weather", "Tells.", JsonNodeFactory.instance.objectNode());

    private void turn(String text) {
        send(text);
        SessionJournal journal = journal();
        journal.append(new Event.TurnStarted(1));
        journal.append(new Event.ModelStarted(1, "a/b"));
        journal.append(answer("re " + text));
        end(journal, StopReason.END);
    }

    private void send(String text) {
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage(text));
    }

    private SessionJournal journal() {
        lease = fixture.claim();
        return fixture.sessions.turns().journal(lease);
    }

    /// The last entry of the turn with this number, from 0 on.
    private long endOf(int turn) {
        return fixture.sessions.events(PROJECT, session, 0, 1_000).stream()
                .filter(entry -> entry.event() instanceof Event.TurnCompleted)
                .skip(turn)
                .findFirst()
                .orElseThrow()
                .seq();
    }

    private void assertSameFold() {
        fold().assertSame("", lease.claim().position());
    }

    private LoadedFold fold() {
        return new LoadedFold(fixture, session);
    }

    private <E extends Event> List<E> loaded(Class<E> type) {
        return fold().loaded(Long.MAX_VALUE).stream()
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }
}
