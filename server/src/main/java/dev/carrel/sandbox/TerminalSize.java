package dev.carrel.sandbox;

/// How many characters a terminal shows.
public record TerminalSize(int columns, int rows) {
    public static final int MAX = 1000;
    public static final TerminalSize DEFAULT = new TerminalSize(80, 24);

    public TerminalSize {
        if (columns < 1 || columns > MAX || rows < 1 || rows > MAX) {
            throw new IllegalArgumentException("cols and rows must be from 1 to " + MAX);
        }
    }
}
