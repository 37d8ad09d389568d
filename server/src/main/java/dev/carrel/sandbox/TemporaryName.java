package dev.carrel.sandbox;

import dev.carrel.store.Ids;
import java.util.regex.Pattern;

/// Names of what the server has half done in a sandbox's files. They are there for a moment, and
/// nobody who watches is told of them.
public final class TemporaryName {
    private static final String PREFIX = ".carrel";

    /// As [#next] makes them, so that what somebody calls `.carrel_mine` is told.
    private static final Pattern OURS = Pattern.compile("\\.carrel_[0-9a-z]{20}");

    /// What the kernel calls a file that was opened without a name: its number.
    private static final Pattern NAMELESS = Pattern.compile("#[0-9]+");

    private TemporaryName() {}

    public static String next() {
        return Ids.next(PREFIX);
    }

    static boolean isOurs(String name) {
        return OURS.matcher(name).matches();
    }

    /// Whether a file without a name may be meant. A file may have such a name, too.
    static boolean isMaybeNameless(String name) {
        return NAMELESS.matcher(name).matches();
    }
}
