package dev.carrel.openai;

/// What a turn says, on its way to a reader who cannot take anything back, although a model call
/// may break off and be tried again. A new attempt is held back while it repeats what the reader
/// has; where it says something else, that begins a new paragraph, as each step's text does.
///
/// Each method gives what the reader has to get now, possibly nothing. Used by one thread.
final class LiveText {
    private static final String BREAK = "\n\n";

    private final StringBuilder said = new StringBuilder(); // by the current attempt
    private String stale = ""; // what the reader has of an earlier attempt and not of this one
    private boolean begun;
    private boolean breakFirst;

    /// The next model call begins.
    void nextStep() {
        said.setLength(0);
        stale = "";
        breakFirst = begun;
    }

    /// What the current model call has said does not count.
    void restart() {
        if (stale.isEmpty()) {
            stale = said.toString();
        }
        said.setLength(0);
    }

    String add(String delta) {
        said.append(delta);
        if (stale.isEmpty()) {
            return emit(delta);
        }
        String now = said.toString();
        if (stale.startsWith(now)) {
            return "";
        }
        String rest;
        if (now.startsWith(stale)) {
            rest = now.substring(stale.length());
        } else {
            breakFirst = true;
            rest = now;
        }
        stale = "";
        return emit(rest);
    }

    /// Takes the whole of what the current model call said, once that is known: deltas are a
    /// courtesy, and some may be missing.
    String complete(String whole) {
        if (!whole.startsWith(said.toString())) {
            restart();
        }
        return add(whole.substring(said.length()));
    }

    private String emit(String text) {
        if (text.isEmpty()) {
            return "";
        }
        boolean paragraph = breakFirst;
        breakFirst = false;
        begun = true;
        return paragraph ? BREAK + text : text;
    }
}
