package dev.carrel.sandbox;

/// What is kept of each output of a command.
public sealed interface OutputKept {
    /// The first bytes; the rest is read and dropped.
    record First(long bytesMax) implements OutputKept {}

    /// The last [#BYTES], of a command that may go on for days.
    record Last() implements OutputKept {
        public static final int BYTES = 2 << 20;
    }

    /// At most.
    default long bytes() {
        return switch (this) {
            case First first -> first.bytesMax();
            case Last _ -> Last.BYTES;
        };
    }
}
