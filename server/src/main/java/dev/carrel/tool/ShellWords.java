package dev.carrel.tool;

/// Reads the text of a shell into words and commands, roughly as a shell does, but runs on where a
/// shell would complain. What a shell would put into a word is a [Hole]. Used by one thread, once.
final class ShellWords {
    private final ShellCursor in;
    private final ShellText search;
    private final int depth;
    private final StringBuilder word = new StringBuilder();
    private boolean inWord;
    private boolean quoted;
    private final ShellLine line;
    private int nesting;

    ShellWords(String text, ShellText search, int depth) {
        in = new ShellCursor(text);
        line = new ShellLine(search, depth);
        this.search = search;
        this.depth = depth;
    }

    /// Gives every command to the search, and says so when quotes or brackets do not close.
    void read() {
        while (in.more() && !search.isFound()) {
            char c = in.text.charAt(in.at++);
            switch (c) {
                case '\\' -> escaped(false);
                case '\'' -> singleQuoted();
                case '"' -> doubleQuoted();
                case '$' -> dollar(false);
                case '`' -> backquoted(false);
                case ' ', '\t', '\r' -> endWord();
                case '<', '>' -> redirected();
                case '(' -> bracket();
                case ';', '|', ')' -> endCommand();
                case '&' -> ampersand();
                case '\n' -> {
                    endCommand();
                    endLine();
                }
                case '#' -> {
                    if (inWord) {
                        add(c);
                    } else {
                        in.at = in.end(in.text.indexOf('\n', in.at));
                    }
                }
                default -> unquoted(c);
            }
        }
        endCommand();
        endLine();
    }

    /// A character that a shell may put something else in the place of.
    private void unquoted(char c) {
        if (c == '*') {
            boolean alone = !inWord || endsWith('/');
            add(in.stars() && alone ? Hole.SOME_FILES : Hole.FILES);
        } else if (c == '?' || (c == '[' && in.bracket())) {
            add(Hole.SOME_FILES);
        } else if (c == '~' && !inWord) {
            add(Hole.ONE);
            in.name();
        } else {
            add(Braces.mark(c));
        }
    }

    private boolean endsWith(char c) {
        return !word.isEmpty() && word.charAt(word.length() - 1) == c;
    }

    private void ampersand() {
        if (in.next() == '>') {
            in.at++;
            redirected();
        } else {
            endCommand();
        }
    }

    /// A subshell, unless it is the list of an array or a calculation.
    private void bracket() {
        if (endsWith('=')) {
            substitutions(closed(in.closing(in.at, '(', ')')));
            in.at++;
        } else {
            int begin = in.at;
            if (arithmetic()) {
                // To some shells these are subshells.
                String inner = in.text.substring(begin + 1, in.at - 2).replace("$", "");
                search.read(inner, depth + 1);
            }
            endCommand();
        }
    }

    /// Goes past `((…))`, behind whose first bracket this is.
    private boolean arithmetic() {
        int close = in.calculation();
        if (close < 0) {
            return false;
        }
        in.at++;
        substitutions(close);
        in.at = close + 2;
        return true;
    }

    private int closed(int found) {
        if (found >= in.text.length()) {
            search.unclear();
        }
        return Math.min(found, in.text.length());
    }

    private void add(char c) {
        word.append(c);
        inWord = true;
    }

    /// What the shell puts here: within quotes a part of the word, before `/` a folder.
    private void hole(boolean oneWord) {
        add(oneWord || in.next() == '/' ? Hole.ONE : Hole.ANY);
    }

    private void escaped(boolean inQuotes) {
        quoted = true;
        if (in.more()) {
            char c = in.text.charAt(in.at++);
            if (inQuotes && "$`\"\\\n".indexOf(c) < 0) {
                add('\\');
            }
            if (c != '\n') {
                add(c);
            }
        }
    }

    private void singleQuoted() {
        int close = closed(in.end(in.text.indexOf('\'', in.at)));
        word.append(in.text, in.at, close);
        inWord = true;
        quoted = true;
        in.at = close + 1;
    }

    private void doubleQuoted() {
        inWord = true;
        quoted = true;
        while (in.more()) {
            char c = in.text.charAt(in.at++);
            switch (c) {
                case '"' -> {
                    return;
                }
                case '\\' -> escaped(true);
                case '$' -> dollar(true);
                case '`' -> backquoted(true);
                default -> add(c);
            }
        }
        search.unclear();
    }

    private void dollar(boolean inQuotes) {
        switch (in.next()) {
            case '(' -> {
                in.at++;
                if (arithmetic()) {
                    hole(true);
                } else {
                    nested(closed(in.closing(in.at, '(', ')')));
                    hole(inQuotes);
                }
            }
            case '{' -> {
                in.at++;
                boolean list = in.next() != '#';
                int close = closed(in.closing(in.at, '{', '}'));
                list &= in.text.substring(in.at, close).contains("@");
                substitutions(close);
                in.at = close + 1;
                hole(inQuotes && !list);
            }
            case '\'' -> {
                if (inQuotes) {
                    add('$');
                } else {
                    in.at++;
                    escapedUntilQuote();
                }
            }
            case '"' -> {
                if (inQuotes) {
                    add('$');
                }
            }
            default -> parameter(inQuotes);
        }
    }

    private void parameter(boolean inQuotes) {
        char first = in.next();
        if (in.name() == 0) {
            add('$');
        } else {
            hole("?#$!".indexOf(first) >= 0 || (inQuotes && first != '@'));
        }
    }

    /// `$'…'`.
    private void escapedUntilQuote() {
        inWord = true;
        quoted = true;
        while (in.more() && in.next() != '\'') {
            char c = in.text.charAt(in.at++);
            word.append(c == '\\' ? in.escape() : String.valueOf(c));
        }
        in.at = closed(in.at) + 1;
    }

    private void backquoted(boolean inQuotes) {
        nested(closed(in.closing(in.at, '`')));
        hole(inQuotes);
    }

    /// Reads what stands from here to `close` for itself, and goes on after it.
    private void nested(int close) {
        search.read(in.text.substring(in.at, close), depth + 1);
        in.at = close + 1;
    }

    /// Where to is of no interest, unless it is a command.
    private void redirected() {
        if (in.next() == '(') {
            in.at++;
            nested(closed(in.closing(in.at, '(', ')')));
            add(Hole.PIPE);
            return;
        }
        if (word.chars().allMatch(Character::isDigit)) {
            word.setLength(0);
            inWord = false;
        }
        endWord();
        int begin = in.at - 1;
        while (in.more() && "<>&|-".indexOf(in.next()) >= 0 && in.peek(1) != '(') {
            in.at++;
        }
        line.redirect(in.text.substring(begin, in.at));
    }

    /// A shell looks for substitutions only from here to `end`; of what is there nothing is kept.
    private void substitutions(int end) {
        int length = word.length();
        boolean before = inWord;
        if (++nesting > ShellText.DEPTH_MAX) {
            search.unclear();
        }
        while (in.at < end && !search.isFound()) {
            switch (in.text.charAt(in.at++)) {
                case '\\' -> in.at++;
                case '$' -> dollar(true);
                case '`' -> backquoted(true);
                default -> {}
            }
        }
        nesting--;
        in.at = end;
        word.setLength(length);
        inWord = before;
    }

    private void endLine() {
        line.end(in, this::substitutions);
    }

    private void endWord() {
        if (inWord) {
            line.word(word.toString(), quoted);
        }
        word.setLength(0);
        inWord = false;
        quoted = false;
    }

    private void endCommand() {
        endWord();
        line.endCommand();
    }
}
