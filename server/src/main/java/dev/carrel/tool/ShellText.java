package dev.carrel.tool;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// Looks for a command in the text of a shell. It finds rather too many than too few: every simple
/// command, also in substitutions, subshells and loops, without quotes, redirections, assignments
/// before it and the folder of its program; behind programs that run others ([ShellProgram]), all
/// that could be the other. What nobody knows before it runs is a [Hole] in the words, which
/// `wanted` has to fill as it likes. Used by one thread, for one text.
final class ShellText {
    /// More is not taken apart: then the answer is yes.
    static final int COMMANDS_MAX = 4_096;

    static final int DEPTH_MAX = 8;
    static final int RUNNER_WORDS_MAX = 64;

    private static final Set<String> RESERVED =
            Set.of("if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "coproc");

    /// Words with none but these have nothing in them for a shell.
    private static final String PLAIN = "[A-Za-z0-9_./:=@%+,-]*";

    /// Commands of git that run others.
    private static final Set<String> GIT_RUNNERS =
            Set.of("bisect", "filter-branch", "rebase", "submodule");

    private static final String ANYTHING = String.valueOf(Hole.ANY);

    private final Predicate<String> wanted;
    private int commands;
    private boolean found;

    private ShellText(Predicate<String> wanted) {
        this.wanted = wanted;
    }

    /// Whether `wanted` holds for the whole text or for a command in it, whose words it gets with
    /// one space between them.
    static boolean mentions(String text, Predicate<String> wanted) {
        var search = new ShellText(wanted);
        search.offer(text.strip());
        search.offer(text.strip().replaceAll("\\s+", " "));
        search.read(text, 0);
        return search.found;
    }

    boolean isFound() {
        return found;
    }

    /// Takes apart a text that stands `depth` levels deep in the whole.
    void read(String text, int depth) {
        if (depth > DEPTH_MAX) {
            found = true;
        } else if (!found) {
            new ShellWords(text, this, depth).read();
        }
    }

    /// The text cannot be taken apart: then the answer is yes.
    void unclear() {
        found = true;
    }

    /// Takes one simple command as it was written, without quotes and redirections.
    void command(List<String> words, int depth) {
        int first = 0;
        while (first < words.size() && isBefore(words.get(first))) {
            first++;
        }
        if (first == words.size() || found) {
            return;
        }
        var rest = new ArrayList<>(words.subList(first, words.size()));
        // A file is named `*` in a `case` rather than run.
        rest.set(0, Hole.asProgram(rest.getFirst()));
        found |= ++commands > COMMANDS_MAX;
        simple(rest);
        if (ShellProgram.runsOthers(rest.getFirst())) {
            runner(rest, depth);
            anywhere(rest, depth);
        } else if (Hole.in(ShellProgram.name(rest.getFirst())) || isGitRunner(rest)) {
            anywhere(rest, depth);
        }
    }

    private static boolean isGitRunner(List<String> words) {
        return ShellProgram.name(words.getFirst()).equals("git")
                && words.stream().anyMatch(GIT_RUNNERS::contains);
    }

    /// Takes the other command where the table says that it begins.
    private void runner(List<String> words, int depth) {
        ShellProgram program = ShellProgram.of(words.getFirst());
        List<String> rest = words.subList(program.begin(words), words.size());
        switch (program.way()) {
            case REST -> command(rest, depth);
            case TEXT -> read(Hole.asText(join(rest)), depth + 1);
            case SCRIPT -> script(words, rest, depth);
            case INPUT -> input(words, rest, depth);
            case FOUND -> found(words, depth);
            case SOMEWHERE, COMMANDS -> {}
        }
    }

    private void script(List<String> words, List<String> rest, int depth) {
        found |= words.stream().anyMatch(each -> each.indexOf(Hole.PIPE) >= 0);
        if (!rest.isEmpty() && words.stream().anyMatch(each -> each.matches("-[A-Za-z]*c"))) {
            read(Hole.asText(rest.getFirst()), depth + 1);
        }
    }

    private void input(List<String> words, List<String> rest, int depth) {
        boolean echo = ShellProgram.name(words.getFirst()).equals("xargs");
        String place = echo ? place(words) : "{}";
        var command = new ArrayList<String>();
        for (String word : rest) {
            if (word.startsWith(":::")) {
                break;
            }
            command.add(word.replace(place, ANYTHING).replaceAll("\\{[^{}\\s,]*}", ANYTHING));
        }
        found |= command.isEmpty() && !echo;
        if (!command.isEmpty()) {
            command.add(ANYTHING);
            command(command, depth);
            if (!echo) {
                read(Hole.asText(join(command)), depth + 1);
            }
        }
    }

    /// What `xargs` puts its input in the place of.
    private static String place(List<String> words) {
        for (int i = 1; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("-I") && i + 1 < words.size()) {
                return words.get(i + 1).isEmpty() ? "{}" : words.get(i + 1);
            } else if (word.matches("(?s)(-I|--replace=).+")) {
                return word.substring(word.startsWith("-I") ? 2 : "--replace=".length());
            }
        }
        return "{}";
    }

    /// `find` puts names in the place of `{}` that begin with one of its own folders.
    private void found(List<String> words, int depth) {
        var folders = new ArrayList<String>();
        for (int i = 1; i < words.size() && !words.get(i).matches("(?s)[-(!].*"); i++) {
            folders.add(words.get(i));
        }
        if (folders.isEmpty()) {
            folders.add(".");
        }
        for (int i = 1; i < words.size() && !found; i++) {
            if (words.get(i).matches("-(exec|ok)(dir)?")) {
                int begin = i + 1;
                while (i < words.size() && !words.get(i).equals(";")) {
                    i++;
                }
                List<String> command = words.subList(begin, Math.max(begin, i));
                for (String folder : folders) {
                    String name = folder + Hole.ONE;
                    command(command.stream().map(w -> w.replace("{}", name)).toList(), depth);
                }
            }
        }
    }

    /// Takes any words as a command that could be one, as long as their program is clear.
    void anywhere(List<String> words, int depth) {
        if (words.size() > RUNNER_WORDS_MAX) {
            found = true;
            return;
        }
        boolean texts = ShellProgram.of(words.getFirst()).way() != ShellProgram.Way.SOMEWHERE;
        for (int i = 1; i < words.size() && !found; i++) {
            String word = words.get(i);
            if (Hole.in(word)) {
                continue;
            }
            if (ShellProgram.runsOthers(word)) {
                command(words.subList(i, words.size()), depth + 1);
                return;
            }
            simple(words.subList(i, words.size()));
            if (texts && !word.matches(PLAIN)) {
                read(word.replaceFirst("^(-[A-Za-z]|--[a-z-]+=)", ""), depth + 1);
            }
        }
    }

    private void simple(List<String> words) {
        String first = words.getFirst();
        String program = ShellProgram.name(first);
        offer(join(words));
        offer(program + join(words).substring(first.length()));
        if (Wildcard.mayMatch("git", program)) {
            git(words);
        }
    }

    /// Looks past the options before the command of git; one that it does not know may take a value
    /// or not.
    private void git(List<String> words) {
        var places = new BitSet();
        places.set(1);
        for (int at = 1; at >= 0 && at < words.size(); at = places.nextSetBit(at + 1)) {
            String option = words.get(at);
            boolean valued = ShellProgram.GIT.valued().contains(option);
            boolean plain = ShellProgram.GIT.plain().contains(option) || option.indexOf('=') > 0;
            if (!option.startsWith("-")) {
                offer("git " + join(words.subList(at, words.size())));
                continue;
            }
            places.set(at + 1, !valued);
            places.set(at + 2, !plain);
            if (option.equals("-c") || option.equals("--config-env")) {
                found |= at + 1 < words.size() && words.get(at + 1).startsWith("alias.");
            }
        }
    }

    /// What may be several words or none stands for the space before it, too.
    private static String join(List<String> words) {
        var line = new StringBuilder();
        for (String word : words) {
            if (!line.isEmpty() && word.equals(ANYTHING)) {
                line.append(Hole.MORE);
            } else {
                line.append(line.isEmpty() ? "" : " ").append(word);
            }
        }
        return line.toString();
    }

    private static boolean isBefore(String word) {
        return RESERVED.contains(word) || word.matches("(?s)[A-Za-z_][A-Za-z0-9_]*\\+?=.*");
    }

    private void offer(String line) {
        found |= wanted.test(line);
    }
}
