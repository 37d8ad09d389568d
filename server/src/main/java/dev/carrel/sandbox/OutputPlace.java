package dev.carrel.sandbox;

/// A place in both outputs of an execution: bytes from their beginnings.
public record OutputPlace(long stdout, long stderr) {
    public static final OutputPlace START = new OutputPlace(0, 0);

    public OutputPlace {
        if (stdout < 0 || stderr < 0) {
            throw new IllegalArgumentException("a place in an output is not below 0");
        }
    }

    public long of(Execution.Stream stream) {
        return stream == Execution.Stream.STDOUT ? stdout : stderr;
    }
}
