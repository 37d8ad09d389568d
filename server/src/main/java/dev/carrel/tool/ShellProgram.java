package dev.carrel.tool;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// How a program runs others: where their command begins, after which options, and which of those
/// take the next word.
record ShellProgram(Way way, int operands, Set<String> valued, Set<String> plain) {
    enum Way {
        /// The command is the rest of the arguments, after so many operands.
        REST,
        /// The rest of the arguments is the text of a shell.
        TEXT,
        /// A shell: a text behind `-c`, or a file.
        SCRIPT,
        /// What is read from the input, or stands behind `:::`, goes on with the arguments.
        INPUT,
        /// Commands stand behind options, with names of found files in them.
        FOUND,
        /// Somewhere in the arguments.
        SOMEWHERE,
        /// Its own command stands behind options.
        COMMANDS
    }

    /// Names; way; operands before the command; options that take a value; if it matters, `|` and
    /// those that do not.
    private static final String TABLE =
            """
            ash bash dash ksh sh zsh . source; SCRIPT; 0; -o -O +O --rcfile --init-file
            su script; SCRIPT; 0; -s -g -G -w -I -O -B -T
            eval trap; TEXT; 0;
            watch; TEXT; 0; -n -q --interval
            ssh; TEXT; 1; -B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w
            builtin busybox catchsegv coproc dbus-run-session fakeroot nohup toybox; REST; 0;
            command exec setsid time; REST; 0; -a -f -o
            doas sudo; REST; 0; -C -D -g -h -p -R -r -T -t -U -u --user --group --chdir
            env; REST; 0; -C -u --chdir --unset
            function; REST; 1;
            chroot flock; REST; 1; -w -E -c
            chrt taskset; REST; 1; -T -P -D
            cgexec ionice nice; REST; 0; -n -c -g
            numactl prlimit stdbuf; REST; 0; -i -o -e -N -m -C -l
            ltrace strace; REST; 0; -a -b -e -E -I -n -o -O -p -P -s -S -u -U -X
            nsenter unshare; REST; 0; -t -S -G -R -w
            runuser setpriv; REST; 0; -u -g -G --reuid --regid --groups
            systemd-run; REST; 0; -p -u -E -M
            timeout; REST; 1; -k -s --kill-after --signal
            xvfb-run; REST; 0; -n -s -e -f -p
            xargs; INPUT; 0; -a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs
            parallel; INPUT; 0; -a -C -d -I -j -L -N -n -P -S --colsep --delay --joblog --jobs
            find; FOUND; 0;
            bundle conda docker kubectl npx perf pipenv podman poetry uv valgrind; SOMEWHERE; 0;
            git; COMMANDS; 0; -C -c --attr-source --config-env --exec-path --git-dir --list-cmds \
            --namespace --super-prefix --work-tree | -p -P -h -v --bare --glob-pathspecs --help \
            --html-path --icase-pathspecs --info-path --literal-pathspecs --man-path --no-advice \
            --no-lazy-fetch --no-optional-locks --no-pager --no-replace-objects \
            --noglob-pathspecs --paginate --version
            """;

    private static final Map<String, ShellProgram> PROGRAMS = read();

    private static final ShellProgram NONE = new ShellProgram(Way.SOMEWHERE, 0, Set.of(), Set.of());

    static final ShellProgram GIT = of("git");

    private static Map<String, ShellProgram> read() {
        var programs = new HashMap<String, ShellProgram>();
        for (String line : TABLE.lines().toList()) {
            String[] parts = line.split(";", -1);
            String[] options = parts[3].split("\\|");
            var program =
                    new ShellProgram(
                            Way.valueOf(parts[1].strip()),
                            Integer.parseInt(parts[2].strip()),
                            words(options[0]),
                            options.length > 1 ? words(options[1]) : Set.of());
            words(parts[0]).forEach(name -> programs.put(name, program));
        }
        return Map.copyOf(programs);
    }

    private static Set<String> words(String text) {
        return text.isBlank() ? Set.of() : Set.of(text.strip().split(" +"));
    }

    /// Without its folder.
    static String name(String word) {
        return word.substring(word.lastIndexOf('/') + 1);
    }

    /// One that may run something somewhere in its arguments if nothing is known of it.
    static ShellProgram of(String word) {
        return PROGRAMS.getOrDefault(name(word), NONE);
    }

    /// Whether this program runs what it is given.
    static boolean runsOthers(String word) {
        return PROGRAMS.containsKey(name(word)) && of(word).way != Way.COMMANDS;
    }

    /// Whether it may take commands from its input.
    static boolean isShell(String word) {
        return word.equals("/dev/stdin")
                || (of(word).way == Way.SCRIPT && !Set.of(".", "source").contains(word));
    }

    /// Where the command begins in the words of a call, perhaps behind its end.
    int begin(List<String> words) {
        int at = 1;
        while (at < words.size() && isBefore(words.get(at))) {
            if (words.get(at).equals("--")) {
                at++;
                break;
            }
            at += valued.contains(words.get(at)) ? 2 : 1;
        }
        return Math.min(words.size(), at + operands);
    }

    private static boolean isBefore(String word) {
        return (word.startsWith("-") && word.length() > 1)
                || word.matches("(?s)[A-Za-z_][A-Za-z0-9_]*=.*");
    }
}
