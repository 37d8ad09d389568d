package dev.carrel.sandbox;

/// One command, running or ended. It belongs to its sandbox, not to whoever waits for it.
public interface Execution {
    ExecutionId id();

    /// Whether it had not ended when somebody last heard of it. Costs nothing.
    boolean isRunning();

    /// Now, without waiting.
    ExecutionResult result();

    /// Blocks until the command ends, telling `output` everything it wrote from the first byte on,
    /// on this thread. An interrupt of the thread ends the waiting and leaves the command alone.
    ExecutionResult follow(OutputListener output) throws InterruptedException;

    /// Kills the whole process group; returns at once. Does nothing when it has ended.
    void kill();

    /// Receives output. A character cut by a chunk's end comes whole in the next chunk.
    interface OutputListener {
        OutputListener NONE = (stream, text) -> {};

        void output(Stream stream, String text);
    }

    /// Where output was written to.
    enum Stream {
        STDOUT,
        STDERR
    }
}
