package dev.carrel.agent;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.error.Nearest;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;

/// What is wrong with the files of a folder: all of it is reported at once.
final class Problems {
    private static final int SHOWN_MAX = 20;

    private final Set<String> found = new LinkedHashSet<>();

    /// `line` counts from 1.
    void add(String file, int line, String text) {
        found.add(file + ":" + line + ": " + text);
    }

    /// Something wrong with a file as a whole.
    void add(String file, String text) {
        found.add(file + ": " + text);
    }

    /// A hint after the name of something unknown; empty if nothing is near.
    static String hint(String given, Collection<String> known) {
        return Nearest.to(given, known).map(near -> "; did you mean \"" + near + "\"?").orElse("");
    }

    /// Fails with `INVALID_DEFINITION` if there are any.
    void throwIfAny() {
        if (found.isEmpty()) {
            return;
        }
        int more = found.size() - SHOWN_MAX;
        throw new CarrelException(
                ErrorCode.INVALID_DEFINITION,
                found.stream().limit(SHOWN_MAX).collect(Collectors.joining("\n"))
                        + (more > 0 ? "\n… and " + more + " more problems" : ""));
    }
}
