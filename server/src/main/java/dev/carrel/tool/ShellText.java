package dev.carrel.tool;

import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// Looks for a command in the text of a shell. It finds rather too many than too few: every simple
/// command, also in substitutions, subshells and loops, without quotes, redirections, assignments
/// before it and the folder of its program; behind programs that run others (`env`, `sudo`,
/// `xargs`, `bash -c`), all that could be the other. Used by one thread, for one text.
final class ShellText {
    /// More is not taken apart: then the answer is yes.
    static final int COMMANDS_MAX = 4_096;

    static final int DEPTH_MAX = 8;
    static final int RUNNER_WORDS_MAX = 64;

    private static final Set<String> RESERVED =
            Set.of("if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "coproc");

    /// Programs that run what stands somewhere in their arguments.
    private static final Set<String> RUNNERS =
            Set.of(
                    "ash",
                    "bash",
                    "builtin",
                    "busybox",
                    "chroot",
                    "command",
                    "dash",
                    "doas",
                    "env",
                    "eval",
                    "exec",
                    "find",
                    "flock",
                    "function",
                    "ionice",
                    "ksh",
                    "nice",
                    "nohup",
                    "nsenter",
                    "parallel",
                    "runuser",
                    "script",
                    "setpriv",
                    "setsid",
                    "sh",
                    "ssh",
                    "stdbuf",
                    "strace",
                    "su",
                    "sudo",
                    "time",
                    "timeout",
                    "trap",
                    "unshare",
                    "watch",
                    "xargs",
                    "zsh");

    private static final Set<String> SHELLS = Set.of("ash", "bash", "dash", "ksh", "sh", "zsh");

    /// Options of git before its command that take the next word.
    private static final Set<String> GIT_OPTIONS =
            Set.of("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path");

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
        List<String> rest = words.subList(first, words.size());
        if (rest.isEmpty() || found) {
            return;
        }
        simple(rest);
        if (runsOthers(rest.getFirst())) {
            runner(rest, depth);
        }
        found |= ++commands > COMMANDS_MAX;
    }

    private void runner(List<String> words, int depth) {
        if (words.size() > RUNNER_WORDS_MAX) {
            found = true;
            return;
        }
        for (int i = 1; i < words.size() && !found; i++) {
            simple(words.subList(i, words.size()));
            read(words.get(i), depth + 1);
        }
    }

    private void simple(List<String> words) {
        String program = program(words.getFirst());
        String rest = words.size() == 1 ? "" : " " + join(words.subList(1, words.size()));
        offer(words.getFirst() + rest);
        offer(program + rest);
        if (program.equals("git")) {
            int at = 1;
            while (at < words.size() && words.get(at).startsWith("-")) {
                at += GIT_OPTIONS.contains(words.get(at)) ? 2 : 1;
            }
            if (at < words.size()) {
                offer("git " + join(words.subList(at, words.size())));
            }
        }
    }

    private static String join(List<String> words) {
        return String.join(" ", words);
    }

    private static boolean isBefore(String word) {
        return RESERVED.contains(word) || word.matches("(?s)[A-Za-z_][A-Za-z0-9_]*\\+?=.*");
    }

    /// Whether this program runs what it is given.
    static boolean runsOthers(String word) {
        return RUNNERS.contains(program(word));
    }

    static boolean isShell(String word) {
        return SHELLS.contains(program(word));
    }

    private static String program(String word) {
        return word.substring(word.lastIndexOf('/') + 1);
    }

    private void offer(String line) {
        found |= wanted.test(line);
    }
}
