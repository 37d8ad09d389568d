package dev.carrel.tool;

import java.util.ArrayList;
import java.util.List;

/// Reads the text of a shell into words and commands, roughly as a shell does, but runs on where a
/// shell would complain. Used by one thread, once.
final class ShellWords {
    private final String text;
    private final ShellText search;
    private final int depth;
    private final List<String> words = new ArrayList<>();
    private final StringBuilder word = new StringBuilder();
    private boolean inWord;
    private Redirection redirection = Redirection.NONE;
    private final List<String> hereEnds = new ArrayList<>();
    private final List<String> textsOnLine = new ArrayList<>();
    private boolean runnerOnLine;
    private boolean shellOnLine;
    private int at;

    /// What the next word is instead of one of the command.
    private enum Redirection {
        NONE,
        TARGET,
        /// A text that the command reads.
        HERE_STRING,
        /// The word that ends the lines after this one which the command reads.
        HERE
    }

    ShellWords(String text, ShellText search, int depth) {
        this.text = text;
        this.search = search;
        this.depth = depth;
    }

    /// Gives every command to the search, and says so when quotes or brackets do not close.
    void read() {
        while (at < text.length()) {
            char c = text.charAt(at++);
            switch (c) {
                case '\\' -> escaped();
                case '\'' -> quoted();
                case '"' -> doubleQuoted();
                case '$' -> dollar(false);
                case '`' -> backquoted();
                case ' ', '\t', '\r' -> endWord();
                case '<', '>' -> redirected();
                case '&' -> {
                    if (next() == '>') {
                        at++;
                        redirected();
                    } else {
                        endCommand();
                    }
                }
                case ';', '|', '(', ')' -> endCommand();
                case '\n' -> {
                    endCommand();
                    endLine();
                }
                case '#' -> {
                    if (inWord) {
                        add(c);
                    } else {
                        at = end(text.indexOf('\n', at));
                    }
                }
                default -> add(c);
            }
        }
        endCommand();
        endLine();
    }

    /// NUL at the end.
    private char next() {
        return at < text.length() ? text.charAt(at) : 0;
    }

    private int end(int found) {
        return found < 0 ? text.length() : found;
    }

    private int closed(int found) {
        if (found < 0 || found >= text.length()) {
            search.unclear();
        }
        return end(found);
    }

    private void add(char c) {
        word.append(c);
        inWord = true;
    }

    private void escaped() {
        if (at < text.length()) {
            char c = text.charAt(at++);
            if (c != '\n') {
                add(c);
            }
        }
    }

    private void quoted() {
        int close = closed(text.indexOf('\'', at));
        word.append(text, at, close);
        inWord = true;
        at = close + 1;
    }

    private void doubleQuoted() {
        inWord = true;
        while (at < text.length()) {
            char c = text.charAt(at++);
            switch (c) {
                case '"' -> {
                    return;
                }
                case '\\' -> escaped();
                case '$' -> dollar(true);
                case '`' -> backquoted();
                default -> add(c);
            }
        }
        search.unclear();
    }

    private void dollar(boolean quoted) {
        if (next() == '(') {
            at++;
            nested(closing());
        } else if (next() == '\'' && !quoted) {
            at++;
            escapedUntilQuote();
        } else {
            add('$');
        }
    }

    /// `$'…'`, whose escapes count as the characters behind them.
    private void escapedUntilQuote() {
        inWord = true;
        while (next() != '\'' && at < text.length()) {
            char c = text.charAt(at++);
            if (c == '\\') {
                escaped();
            } else {
                add(c);
            }
        }
        at = closed(at) + 1;
    }

    private void backquoted() {
        int close = at;
        while (close < text.length() && text.charAt(close) != '`') {
            close += text.charAt(close) == '\\' ? 2 : 1;
        }
        nested(closed(close));
    }

    /// Reads what stands from here to `close` for itself, and goes on after it.
    private void nested(int close) {
        search.read(text.substring(at, close), depth + 1);
        inWord = true;
        at = close + 1;
    }

    /// Where the bracket that was opened before here is closed; the text's end if nowhere.
    private int closing() {
        int open = 1;
        for (int i = at; i < text.length(); i++) {
            switch (text.charAt(i)) {
                case '\\' -> i++;
                case '\'' -> i = end(text.indexOf('\'', i + 1));
                case '"' -> i = closingQuote(i + 1);
                case '(' -> open++;
                case ')' -> {
                    if (--open == 0) {
                        return i;
                    }
                }
                default -> {}
            }
        }
        return closed(-1);
    }

    private int closingQuote(int from) {
        int i = from;
        while (i < text.length() && text.charAt(i) != '"') {
            i += text.charAt(i) == '\\' ? 2 : 1;
        }
        return i;
    }

    /// Where to is of no interest, unless it is a command.
    private void redirected() {
        if (next() == '(') {
            at++;
            nested(closing());
            return;
        }
        if (word.chars().allMatch(Character::isDigit)) {
            word.setLength(0);
            inWord = false;
        }
        endWord();
        int begin = at - 1;
        while ("<>&|-".indexOf(next()) >= 0) {
            at++;
        }
        redirection =
                switch (text.substring(begin, at)) {
                    case "<<", "<<-" -> Redirection.HERE;
                    case "<<<" -> Redirection.HERE_STRING;
                    default -> Redirection.TARGET;
                };
    }

    /// A shell may read what other commands of its line have in their arguments.
    private void endLine() {
        if (shellOnLine) {
            textsOnLine.forEach(each -> search.read(each, depth + 1));
        }
        hereDocuments();
        textsOnLine.clear();
        shellOnLine = false;
        runnerOnLine = false;
    }

    /// What the commands of this line read from the lines after it. To most it is text, in which a
    /// shell looks for substitutions only; one that runs others may take it as commands.
    private void hereDocuments() {
        for (String end : hereEnds) {
            int begin = at;
            int lineBegin = at;
            while (lineBegin < text.length() && !line(lineBegin).strip().equals(end)) {
                lineBegin = end(text.indexOf('\n', lineBegin)) + 1;
            }
            int bodyEnd = Math.min(lineBegin, text.length());
            if (runnerOnLine) {
                search.read(text.substring(begin, bodyEnd), depth + 1);
            } else {
                substitutions(bodyEnd);
            }
            at = Math.min(text.length(), lineBegin + end.length());
            at = end(text.indexOf('\n', at));
        }
        hereEnds.clear();
    }

    private String line(int begin) {
        return text.substring(begin, end(text.indexOf('\n', begin)));
    }

    private void substitutions(int end) {
        while (at < end) {
            switch (text.charAt(at++)) {
                case '\\' -> at++;
                case '$' -> dollar(true);
                case '`' -> backquoted();
                default -> {}
            }
        }
        word.setLength(0);
        inWord = false;
    }

    private void endWord() {
        if (!inWord) {
            return;
        }
        switch (redirection) {
            case NONE -> words.add(word.toString());
            case TARGET -> {}
            case HERE_STRING -> textsOnLine.add(word.toString());
            case HERE -> hereEnds.add(word.toString());
        }
        redirection = Redirection.NONE;
        word.setLength(0);
        inWord = false;
    }

    private void endCommand() {
        endWord();
        redirection = Redirection.NONE;
        if (!words.isEmpty()) {
            runnerOnLine |= words.stream().anyMatch(ShellText::runsOthers);
            shellOnLine |= words.stream().anyMatch(ShellText::isShell);
            words.stream().filter(each -> each.indexOf(' ') > 0).forEach(textsOnLine::add);
            search.command(List.copyOf(words), depth);
            words.clear();
        }
    }
}
