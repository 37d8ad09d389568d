package dev.carrel.tool;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/// The words and commands of one line of a shell, of which one may read what the others say. Used
/// by one thread.
final class ShellLine {
    private final ShellText search;
    private final int depth;
    private final List<Here> heres = new ArrayList<>();
    private final List<String> texts = new ArrayList<>();
    private final List<List<String>> commands = new ArrayList<>();
    private final List<String> words = new ArrayList<>();
    private Redirection redirection = Redirection.NONE;
    private boolean runner;
    private boolean shell;
    private boolean pipe;

    /// The lines up to `end`; a shell looks for nothing in those that are `quoted`.
    private record Here(String end, boolean quoted) {}

    /// What the next word is instead of one of the command.
    private enum Redirection {
        NONE,
        TARGET,
        /// A text that the command reads.
        HERE_STRING,
        /// The word that ends the lines after this one which the command reads.
        HERE
    }

    ShellLine(ShellText search, int depth) {
        this.search = search;
        this.depth = depth;
    }

    /// The next word belongs to this operator.
    void redirect(String operator) {
        redirection =
                switch (operator) {
                    case "<<", "<<-" -> Redirection.HERE;
                    case "<<<" -> Redirection.HERE_STRING;
                    default -> Redirection.TARGET;
                };
    }

    /// A word with marks for braces that were not quoted; whether anything was.
    void word(String word, boolean quoted) {
        switch (redirection) {
            case NONE -> {
                for (String each : Braces.expand(word)) {
                    if (quoted || !each.isEmpty()) {
                        words.add(each);
                    }
                }
            }
            case TARGET -> pipe |= word.indexOf(Hole.PIPE) >= 0;
            case HERE_STRING -> texts.add(Braces.plain(word));
            case HERE -> heres.add(new Here(Braces.plain(word), quoted));
        }
        redirection = Redirection.NONE;
    }

    void endCommand() {
        redirection = Redirection.NONE;
        if (!words.isEmpty()) {
            List<String> command = List.copyOf(words);
            words.clear();
            runner |= command.stream().anyMatch(ShellProgram::runsOthers);
            shell |= command.stream().anyMatch(ShellProgram::isShell);
            command.stream().filter(each -> each.indexOf(' ') > 0).forEach(texts::add);
            commands.add(command);
            search.command(command, depth);
        }
    }

    /// A shell may read what other commands of its line have in their arguments. `substitutions`
    /// looks for some up to a place.
    void end(ShellCursor in, IntConsumer substitutions) {
        if (shell) {
            texts.forEach(each -> search.read(Hole.asText(each), depth + 1));
            commands.forEach(each -> search.anywhere(each, depth));
            if (pipe) {
                search.unclear();
            }
        }
        heres.forEach(here -> document(here, in, substitutions));
        heres.clear();
        texts.clear();
        commands.clear();
        shell = false;
        runner = false;
        pipe = false;
    }

    /// What a command of this line reads from the lines after it. To most it is text; one that runs
    /// others may take it as commands.
    private void document(Here here, ShellCursor in, IntConsumer substitutions) {
        int begin = Math.min(in.at, in.text.length());
        int lineBegin = begin;
        while (lineBegin < in.text.length() && !in.line(lineBegin).strip().equals(here.end())) {
            lineBegin = in.end(in.text.indexOf('\n', lineBegin)) + 1;
        }
        int bodyEnd = Math.min(lineBegin, in.text.length());
        if (runner) {
            search.read(in.text.substring(begin, bodyEnd), depth + 1);
        } else if (!here.quoted()) {
            substitutions.accept(bodyEnd);
        }
        in.at = Math.min(in.text.length(), lineBegin + here.end().length());
        in.at = in.end(in.text.indexOf('\n', in.at));
    }
}
