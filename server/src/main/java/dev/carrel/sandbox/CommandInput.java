package dev.carrel.sandbox;

/// What a command reads from and, for a terminal, writes to.
public sealed interface CommandInput {
    /// All there is, then the end.
    record Text(String text) implements CommandInput {}

    /// What [Execution#write] sends while the command runs.
    record Open() implements CommandInput {}

    /// A terminal of its own.
    record Terminal(TerminalSize size) implements CommandInput {}

    CommandInput NONE = new Text("");
}
