package dev.carrel.sandbox;

import dev.carrel.process.Errno;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Finds and kills the processes of a fake sandbox. They carry its id in their environment: a group
/// or parent id could be another process's by now, and nothing else of the host may be hit.
final class FakeProcesses {
    static final String VARIABLE = "CARREL_FAKE_SANDBOX";
    private static final int SIGKILL = 9;
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;

    /// A round kills all that it sees; a fork meanwhile needs another one.
    private static final int ROUNDS_MAX = 100;

    private FakeProcesses() {}

    static String marker(SandboxId id) {
        return VARIABLE + "=" + id.value();
    }

    static void killAll(String marker) {
        for (int round = 0; round < ROUNDS_MAX; round++) {
            List<Integer> found = find(marker);
            if (found.isEmpty()) {
                return;
            }
            found.forEach(FakeProcesses::kill);
        }
        throw new IllegalStateException("processes of " + marker + " do not end");
    }

    static void freezeAll(String marker) {
        Set<Integer> frozen = new HashSet<>();
        for (int round = 0; round < ROUNDS_MAX; round++) {
            List<Integer> found = find(marker);
            if (frozen.containsAll(found)) {
                return;
            }
            found.forEach(process -> signal(process, SIGSTOP));
            frozen.addAll(found);
        }
        throw new IllegalStateException("processes of " + marker + " do not stand");
    }

    static void thawAll(String marker) {
        find(marker).forEach(process -> signal(process, SIGCONT));
    }

    static boolean isGroup(int leader) {
        return signal(-leader, 0);
    }

    /// Reaches a leader that has not made its group yet, too; a kill also those of its session.
    static void signalGroup(int leader, int number) {
        List<Integer> session = number == SIGKILL ? ofSession(leader) : List.of();
        if (!signal(-leader, number)) {
            signal(leader, number);
        }
        session.forEach(FakeProcesses::kill);
    }

    private static List<Integer> ofSession(int leader) {
        return all().filter(process -> sessionOf(process) == leader)
                .map(FakeProcesses::number)
                .toList();
    }

    private static int sessionOf(Path process) {
        try {
            String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
            String[] numbers = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return Integer.parseInt(numbers[3]);
        } catch (IOException e) {
            return 0; // it is gone
        }
    }

    /// A process that is gone is no failure.
    private static void kill(int process) {
        signal(process, SIGKILL);
    }

    /// Negative for a whole group. False when there is none.
    private static boolean signal(int process, int number) {
        try {
            Linux.kill(process, number);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ESRCH) {
                return false;
            }
            throw new IllegalStateException(e);
        }
    }

    private static List<Integer> find(String marker) {
        return all().filter(process -> carries(process, marker))
                .map(FakeProcesses::number)
                .toList();
    }

    private static Stream<Path> all() {
        try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
            return entries
                    .filter(entry -> entry.getFileName().toString().matches("[0-9]+"))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int number(Path process) {
        return Integer.parseInt(process.getFileName().toString());
    }

    // A zombie has no environment any more, so that it does not keep us waiting.
    private static boolean carries(Path process, String marker) {
        try {
            byte[] environ = Files.readAllBytes(process.resolve("environ"));
            String text = new String(environ, StandardCharsets.ISO_8859_1);
            return ("\0" + text).contains("\0" + marker + "\0");
        } catch (IOException e) {
            return false; // it is gone, or not ours to look at
        }
    }
}
