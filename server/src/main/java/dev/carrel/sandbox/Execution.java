package dev.carrel.sandbox;

import java.time.Duration;

/// One command, running or ended. It belongs to its sandbox, not to whoever waits for it. All
/// methods but [#follow], [#followBytes] and [#write] return at once.
public interface Execution {
    int SIGNAL_MAX = 64;
    int SIGKILL = 9;

    /// Of one [#write].
    int INPUT_BYTES_MAX = 1 << 16;

    /// Of one [#read].
    int READ_BYTES_MAX = 4 << 20;

    ExecutionId id();

    /// Whether it had not ended when somebody last heard of it. Costs nothing.
    boolean isRunning();

    /// As it stands, with its outputs from `from` on.
    ExecutionResult result(OutputPlace from);

    default ExecutionResult result() {
        return result(OutputPlace.START);
    }

    /// Blocks until the command ends, telling `output` everything it wrote from `from` on, on this
    /// thread. An interrupt of the thread ends the waiting and leaves the command alone. The result
    /// has the outputs from `from` on.
    ExecutionResult follow(OutputPlace from, OutputListener output) throws InterruptedException;

    default ExecutionResult follow(OutputListener output) throws InterruptedException {
        return follow(OutputPlace.START, output);
    }

    /// The same for the bytes of one stream, as they are. What a terminal no longer keeps is left
    /// out, which the places told show. The result comes without outputs.
    ExecutionResult followBytes(Stream stream, long from, BytesListener output)
            throws InterruptedException;

    /// Tells `output` the bytes of one stream that there are now, from `from` on or from the first
    /// that is still kept, at most about [#READ_BYTES_MAX] of them. Returns the place after them:
    /// where to read on; beyond the end of what there is, that end.
    long read(Stream stream, long from, BytesListener output);

    /// Sends a signal to the whole process group, a kill to all of its session; returns at once.
    /// Does nothing when it has ended.
    void signal(int number);

    default void kill() {
        signal(SIGKILL);
    }

    /// Gives the command more input, at most [#INPUT_BYTES_MAX], all of it or none; `LAST` ends its
    /// input. Fails with `INPUT_FULL` when it has not read by the end of `wait` what it was given
    /// before, and with `CONFLICT` when it has no open input, or has ended.
    void write(byte[] bytes, More more, Duration wait) throws InterruptedException;

    /// Changes the size of its terminal; does nothing for other commands and when it has ended.
    void resize(TerminalSize size);

    /// Whether more input follows.
    enum More {
        FOLLOWS,
        LAST
    }

    /// Receives output. A character cut by a chunk's end comes whole in the next chunk.
    interface OutputListener {
        OutputListener NONE = (stream, text) -> {};

        void output(Stream stream, String text);

        /// The same, with the place in the stream after `text`.
        default void output(Stream stream, String text, long end) {
            output(stream, text);
        }
    }

    /// Receives bytes, which begin at `place` of their stream.
    @FunctionalInterface
    interface BytesListener {
        void bytes(long place, byte[] bytes);
    }

    /// Where output was written to.
    enum Stream {
        STDOUT,
        STDERR
    }
}
