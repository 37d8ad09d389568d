package dev.carrel.sandbox;

import java.util.OptionalInt;

/// What to set on an entry; what is absent stays as it is, or as it is for new files: `0644` and
/// `0755`, owned by root. `mode` is the twelve permission bits, set-user-id included: nobody in a
/// sandbox can gain a right by it that root in there has not. `owner` and `group` are ids as seen
/// inside.
public record FileAttributes(OptionalInt mode, OptionalInt owner, OptionalInt group) {
    public static final FileAttributes NONE =
            new FileAttributes(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty());

    private static final int MODE_MAX = 07777;

    /// The highest id inside.
    public static final int ID_MAX = 65_535;

    public FileAttributes {
        check("mode", mode, MODE_MAX);
        check("owner", owner, ID_MAX);
        check("group", group, ID_MAX);
    }

    public static FileAttributes ofMode(int mode) {
        return new FileAttributes(OptionalInt.of(mode), OptionalInt.empty(), OptionalInt.empty());
    }

    private static void check(String what, OptionalInt value, int max) {
        if (value.isPresent() && (value.getAsInt() < 0 || value.getAsInt() > max)) {
            throw new IllegalArgumentException(what + " must be from 0 to " + max);
        }
    }
}
