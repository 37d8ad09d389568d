package dev.carrel.session;

import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.session.SessionFixture.answer;
import static dev.carrel.session.SessionFixture.cut;
import static dev.carrel.session.SessionFixture.end;
import static dev.carrel.session.SessionFixture.sumUp;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.carrel.agent.Budget;
import dev.carrel.agent.Conversation;
import dev.carrel.agent.Cut;
import dev.carrel.agent.Event;
import dev.carrel.agent.LoopPattern;
import dev.carrel.agent.StopReason;
import dev.carrel.model.Message;
import dev.carrel.model.ToolCall;
import dev.carrel.model.ToolSpec;
import dev.carrel.tool.ToolStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Sessions of all that there is, in any order: turns fold to the same from what they load.
class AnySessionFoldTest {
    @TempDir Path home;
    private SessionFixture fixture;
    private SessionId session;
    private Random random = new Random(0);
    private int words;

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
    void whateverASessionConsistsOfItsFoldIsTheSame() {
        for (int seed = 1; seed <= 10; seed++) {
            random = new Random(seed);
            session = fixture.newSession();
            for (int turn = 0; turn < 8; turn++) {
                randomTurn("seed " + seed);
                if (random.nextInt(6) == 0 && isIdle()) {
                    fixture.rewind(
                            session, 2 + random.nextLong(fixture.session(session).lastEvent() - 1));
                }
            }
            fixture.sessions.delete(PROJECT, session);
        }
    }

    private static final ToolSpec TOOL =
            new ToolSpec("weather", "Tells.", JsonNodeFactory.instance.objectNode());

    private boolean isIdle() {
        SessionState state = fixture.session(session).state();
        return state == SessionState.IDLE || state == SessionState.FAILED;
    }

    private void randomTurn(String seed) {
        if (isIdle()) {
            sendAnything();
        }
        Lease lease = fixture.claim();
        SessionJournal journal = fixture.sessions.turns().journal(lease);
        assertSameFold(seed, lease.claim().position());
        journal.append(new Event.TurnStarted(1));
        boolean callsStayOpen = false;
        for (int step = 1; step <= 4 && !callsStayOpen; step++) {
            sumUpSometimes(journal, seed, lease.claim().position());
            disturb();
            if (random.nextInt(5) == 0) {
                journal.append(new Event.TurnNudged(LoopPattern.values()[0], "nudge " + words++));
                disturb();
            }
            journal.append(new Event.ModelStarted(step, "a/b"));
            disturb();
            callsStayOpen = answerAnything(journal);
            disturb();
        }
        end(journal, callsStayOpen ? StopReason.TOOL_CALLS : StopReason.MAX_STEPS);
        fixture.sessions.turns().release(lease);
    }

    /// Whether the answer's call waits for its caller.
    private boolean answerAnything(SessionJournal journal) {
        if (random.nextInt(3) == 0) {
            journal.append(answer("word " + words++));
            return false;
        }
        String id = "call_" + words++;
        journal.append(answer("", new ToolCall(id, "weather", "{}")));
        if (random.nextInt(5) == 0) {
            return true;
        }
        journal.append(new Event.ToolStarted(id, "weather", "{}"));
        disturb();
        journal.append(
                new Event.ToolCompleted(
                        id, "weather", ToolStatus.OK, "sun ".repeat(400), Duration.ZERO));
        return false;
    }

    private void sumUpSometimes(SessionJournal journal, String seed, long position) {
        List<Message> messages = Conversation.of(journal.events()).messages();
        long answers = messages.stream().filter(Message.Assistant.class::isInstance).count();
        if (answers == 0 || random.nextInt(3) > 0) {
            return;
        }
        int kept = 1 + random.nextInt((int) Math.min(3, answers));
        switch (random.nextInt(4)) {
            case 0 -> cut(journal, new Cut.Results(kept, 400));
            case 1 -> cut(journal, new Cut.Texts(0, 400, random.nextBoolean()));
            default -> sumUp(journal, kept, random.nextInt(1 + usersBefore(messages, kept)));
        }
        assertSameFold(seed, position);
    }

    /// No more messages of the user can stay than there are before the answers that do.
    private static int usersBefore(List<Message> messages, int answers) {
        int users = 0;
        int newer = 0;
        for (Message message : messages.reversed()) {
            newer += message instanceof Message.Assistant ? 1 : 0;
            boolean old = newer >= answers && message instanceof Message.User;
            users += old && !((Message.User) message).text().endsWith("\n\nwas") ? 1 : 0;
        }
        return users;
    }

    private void disturb() {
        switch (random.nextInt(12)) {
            case 0 -> steer();
            case 1 -> {
                steer();
                steer();
            }
            case 2 -> {
                if (fixture.session(session).state() == SessionState.RUNNING) {
                    sendAnything();
                }
            }
            default -> {}
        }
    }

    private void steer() {
        TurnInput input = TurnInput.ofMessage("steer " + words++);
        fixture.sessions.send(PROJECT, session, input, Delivery.STEER);
    }

    private void sendAnything() {
        List<ToolSpec> tools = random.nextInt(3) == 0 ? List.of(TOOL) : List.of();
        String text = "say " + words++ + (random.nextInt(3) == 0 ? " and on".repeat(200) : "");
        List<Event> events = new LoadedFold(fixture, session).all(Long.MAX_VALUE);
        boolean answerable =
                events.getLast() instanceof Event.TurnCompleted end
                        && end.reason() == StopReason.TOOL_CALLS;
        List<String> open =
                Conversation.of(events).openCalls().stream().map(c -> c.call().id()).toList();
        var input =
                answerable && open.size() == 1 && random.nextBoolean()
                        ? new TurnInput(List.of(), Map.of(open.getFirst(), "rain"), tools)
                        : new TurnInput(List.of("first of " + text, text), Map.of(), tools);
        var steps =
                new Budget(
                        Optional.empty(),
                        OptionalLong.empty(),
                        Optional.empty(),
                        OptionalInt.of(50));
        fixture.sessions.send(
                PROJECT, session, random.nextInt(4) == 0 ? input.within(steps) : input);
    }

    private void assertSameFold(String seed, long position) {
        new LoadedFold(fixture, session).assertSame(seed, position);
    }
}
