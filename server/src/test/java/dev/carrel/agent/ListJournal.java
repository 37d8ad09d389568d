package dev.carrel.agent;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A journal in memory, for tests: it can crash where a server would. Used by one thread; deltas
/// may come from any.
public final class ListJournal implements Journal {
    /// Stands for the death of the process.
    public static final class Crash extends RuntimeException {
        Crash(int append) {
            super("crashed at append " + append);
        }
    }

    /// Where in an append the process dies.
    public enum Moment {
        BEFORE,
        AFTER
    }

    private final List<Event> events = new ArrayList<>();
    private final List<Delta> deltas = new ArrayList<>(); // guarded by itself
    private final Map<Integer, List<Event>> arrivals = new HashMap<>();
    private final List<Event> beforeRest = new ArrayList<>();
    private int rests;
    private List<BudgetState> budgets = List.of();
    private int appends;
    private int crashAt = -1;
    private Moment moment = Moment.BEFORE;

    public ListJournal(List<Event> events) {
        this.events.addAll(events);
    }

    /// Dies once, in the append of this number, counted from 0 over the journal's life: before it
    /// takes effect, or after.
    public ListJournal crashAt(int append, Moment when) {
        this.crashAt = append;
        this.moment = when;
        return this;
    }

    /// Has a message to steer the turn arrive just before the append of this number.
    public ListJournal steerBefore(int append, String text) {
        return arriveBefore(append, Event.UserMessage.steering(text));
    }

    /// Has somebody say this just before the append of this number.
    public ListJournal arriveBefore(int append, Event event) {
        arrivals.put(append, List.of(event));
        return this;
    }

    /// What bounds the turn from outside, from now on.
    public ListJournal within(BudgetState... states) {
        budgets = List.of(states);
        return this;
    }

    /// How many appends there were, the crashed one included.
    public int appends() {
        return appends;
    }

    /// What was published so far.
    public List<Delta> deltas() {
        synchronized (deltas) {
            return List.copyOf(deltas);
        }
    }

    @Override
    public List<Event> events() {
        return List.copyOf(events);
    }

    @Override
    public List<Event> append(List<Event> more) {
        int number = appends++;
        if (number == crashAt && moment == Moment.BEFORE) {
            throw new Crash(number);
        }
        List<Event> fresh = new ArrayList<>(arrivals.getOrDefault(number, List.of()));
        boolean steered = !fresh.isEmpty();
        more.stream().filter(event -> !steered || !isGoodEnd(event)).forEach(fresh::add);
        events.addAll(fresh);
        if (number == crashAt) {
            throw new Crash(number);
        }
        return fresh;
    }

    private static boolean isGoodEnd(Event event) {
        return event instanceof Event.TurnCompleted done && done.reason() == StopReason.END;
    }

    /// Has this arrive before the turn is given back for the next time.
    public ListJournal arriveBeforeRest(Event event) {
        beforeRest.add(event);
        return this;
    }

    /// How often the turn was given back.
    public int rests() {
        return rests;
    }

    /// Somebody says something about the turn while it rests.
    public void arrive(Event event) {
        events.add(event);
    }

    @Override
    public Optional<List<Event>> rest() {
        if (beforeRest.isEmpty()) {
            rests++;
            return Optional.empty();
        }
        List<Event> fresh = List.copyOf(beforeRest);
        beforeRest.clear();
        events.addAll(fresh);
        return Optional.of(fresh);
    }

    @Override
    public boolean isSpent(String callId) {
        return false;
    }

    @Override
    public long numberOfAnswer(int answer) {
        int left = answer;
        for (int i = events.size() - 1; i >= 0; i--) {
            if (events.get(i) instanceof Event.AssistantMessage && --left == 0) {
                return i + 1;
            }
        }
        throw new AssertionError("there are fewer answers than " + answer);
    }

    @Override
    public List<BudgetState> budgets() {
        return budgets;
    }

    @Override
    public void publish(Delta delta) {
        synchronized (deltas) {
            deltas.add(delta);
        }
    }
}
