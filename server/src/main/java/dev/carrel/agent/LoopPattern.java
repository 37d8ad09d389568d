package dev.carrel.agent;

import java.util.Locale;

/// How an agent goes in circles.
public enum LoopPattern {
    /// The same call with the same result.
    SAME_CALL("you made the same call with the same result %d times in a row", 4),
    /// The same error of one tool, whatever the arguments.
    SAME_ERROR("a tool gave you the same error %d times in a row", 3),
    /// Two calls with their results in turn.
    ALTERNATING("your last %d calls went back and forth between the same two", 6),
    /// The same answer without a call, though the turn went on after it.
    MONOLOGUE("you gave the same answer %d times in a row without doing anything", 3);

    private final String words;
    private final int times;

    LoopPattern(String words, int times) {
        this.words = words;
        this.times = times;
    }

    /// How often it has to happen.
    int times() {
        return times;
    }

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    String sentence() {
        return words.formatted(times);
    }

    /// What the model is told.
    String nudge() {
        return "Note from the system: "
                + sentence()
                + ". Nothing new will come of it. Look at what you have learnt so far and try"
                + " something else; if you wait for something, wait longer within one call; if you"
                + " cannot go on, say so and end. If this goes on, the turn is stopped.";
    }
}
