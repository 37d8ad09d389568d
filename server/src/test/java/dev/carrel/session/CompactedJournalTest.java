package dev.carrel.session;

import static dev.carrel.session.SessionFixture.PROJECT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.agent.Conversation;
import dev.carrel.agent.Cut;
import dev.carrel.agent.Event;
import dev.carrel.agent.StopReason;
import dev.carrel.model.ToolCall;
import dev.carrel.model.Usage;
import dev.carrel.tool.ToolStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The journal of a session with summaries loads without what they stand for, and folds the same.
class CompactedJournalTest {
    private static final int STEPS = 20;

    @TempDir Path home;
    private SessionFixture fixture;
    private SessionId session;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home);
        session = fixture.newSession();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private SessionJournal begin(String text) {
        fixture.sessions.send(PROJECT, session, TurnInput.ofMessage(text));
        SessionJournal journal = fixture.sessions.turns().journal(fixture.claim());
        journal.append(new Event.TurnStarted(1));
        return journal;
    }

    /// Steps with one call each; messages that steer arrive at every place of the last one.
    private void steps(SessionJournal journal, String name) {
        for (int step = 1; step <= STEPS; step++) {
            boolean steered = step == STEPS;
            String id = name + step;
            steer(steered, id + " before");
            journal.append(new Event.ModelStarted(step, "a/b"));
            steer(steered, id + " during");
            journal.append(SessionFixture.answer(id, new ToolCall(id, "look", "{}")));
            steer(steered, id + " after");
            journal.append(new Event.ToolStarted(id, "look", "{}"));
            journal.append(
                    new Event.ToolCompleted(id, "look", ToolStatus.OK, "saw " + id, Duration.ZERO));
        }
    }

    private void steer(boolean really, String text) {
        if (really) {
            fixture.sessions.send(PROJECT, session, TurnInput.ofMessage(text), Delivery.STEER);
        }
    }

    private static void sumUp(SessionJournal journal, int keptAnswers) {
        var cut =
                new Cut.Summary(
                        keptAnswers,
                        2,
                        journal.numberOfAnswer(keptAnswers),
                        "what was",
                        new Usage(100, 10, 0, 0, 0),
                        Duration.ZERO);
        journal.append(new Event.Compaction("a/b", cut, 100, 10, OptionalLong.empty()));
    }

    private static void end(SessionJournal journal) {
        journal.append(new Event.ModelStarted(STEPS + 1, "a/b"));
        journal.append(SessionFixture.answer("done"));
        journal.append(
                new Event.TurnCompleted(StopReason.END, STEPS + 1, Usage.NONE, Optional.empty()));
    }

    /// Loads the journal anew, and compares its fold with that of all entries.
    private SessionJournal reloaded() {
        SessionJournal journal = begin("and now");
        Conversation whole = Conversation.of(fixture.events(session));
        Conversation loaded = Conversation.of(journal.events());
        assertThat(loaded.messages()).isEqualTo(whole.messages());
        assertThat(loaded.callerTools()).isEqualTo(whole.callerTools());
        assertThat(loaded.usage()).isEqualTo(whole.usage());
        return journal;
    }

    @Test
    void withoutASummaryAllIsLoaded() {
        SessionJournal journal = begin("one");
        steps(journal, "a");
        end(journal);
        assertThat(reloaded().events()).hasSameSizeAs(fixture.events(session));
    }

    @Test
    void whatASummaryStandsForIsNotLoaded() {
        SessionJournal journal = begin("one");
        steps(journal, "a");
        end(journal);
        journal = begin("two");
        steps(journal, "b");
        sumUp(journal, 3);
        end(journal);
        assertThat(reloaded().events()).hasSizeLessThan(fixture.events(session).size() / 3);
    }

    @Test
    void messagesThatSteeredTheFirstAnswerThatStaysKeepTheirPlace() {
        for (int kept = 1; kept <= 3; kept++) {
            SessionJournal journal = begin("turn " + kept);
            steps(journal, "t" + kept + "-");
            sumUp(journal, kept);
            end(journal);
            end(reloaded());
        }
    }

    @Test
    void aTurnSeesAllThatItDid() {
        SessionJournal journal = begin("one");
        steps(journal, "a");
        sumUp(journal, 1);
        int before = journal.turnEvents().size();
        fixture.clock.tick(SessionFixture.LEASE.plusSeconds(1));
        SessionJournal again = fixture.sessions.turns().journal(fixture.claim());
        assertThat(again.turnEvents()).hasSize(before);
        assertThat(Conversation.of(again.events()).messages())
                .isEqualTo(Conversation.of(fixture.events(session)).messages());
        assertThat(Conversation.of(again.events()).usage().inputTokens())
                .isEqualTo(10 * STEPS + 100);
    }

    @Test
    void aSummaryIsAmongTheTokensOfTheSession() {
        SessionJournal journal = begin("one");
        steps(journal, "a");
        sumUp(journal, 1);
        assertThat(fixture.session(session).usage().inputTokens()).isEqualTo(10 * STEPS + 100);
    }
}
