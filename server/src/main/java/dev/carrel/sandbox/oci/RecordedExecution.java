package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.OutputPlace;
import dev.carrel.sandbox.TerminalSize;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// An execution that no longer runs, as its files tell it.
final class RecordedExecution implements Execution {
    private final ExecutionFiles files;

    private RecordedExecution(ExecutionFiles files) {
        this.files = files;
    }

    /// An execution of a sandbox that does not run; empty if it was never started. Without a record
    /// of its exit, the sandbox ended under it: `INTERRUPTED`.
    static Optional<Execution> find(RunDirectory directory, ExecutionId id) {
        var files = new ExecutionFiles(directory, id);
        try {
            return files.wasStarted()
                    ? Optional.of(new RecordedExecution(files))
                    : Optional.empty();
        } catch (IOException e) {
            throw unreadable(id, e);
        }
    }

    @Override
    public ExecutionId id() {
        return files.id();
    }

    @Override
    public boolean isRunning() {
        return false;
    }

    @Override
    public ExecutionResult result(OutputPlace from) {
        return follow(from, OutputListener.NONE);
    }

    @Override
    public ExecutionResult follow(OutputPlace from, OutputListener output) {
        try {
            return read(files, files.ending(), from, output, Instant.EPOCH);
        } catch (IOException e) {
            throw unreadable(files.id(), e);
        }
    }

    @Override
    public ExecutionResult followBytes(Stream stream, long from, BytesListener output) {
        try {
            Ending ending = files.ending();
            StartRecord start = files.startOrNone();
            try (var kept = new KeptOutput(files, stream, start)) {
                readBytes(kept, from, end(ending, stream), output);
            }
            return result(files, ending, Instant.EPOCH);
        } catch (IOException e) {
            throw unreadable(files.id(), e);
        }
    }

    @Override
    public long read(Stream stream, long from, BytesListener output) {
        try {
            return read(files, files.ending(), stream, from, output);
        } catch (IOException e) {
            throw unreadable(files.id(), e);
        }
    }

    /// As [Execution#read].
    static long read(
            ExecutionFiles files, Ending ending, Stream stream, long from, BytesListener output)
            throws IOException {
        try (var kept = new KeptOutput(files, stream, files.startOrNone())) {
            long end = end(ending, stream);
            long place = from;
            Optional<KeptOutput.Piece> piece = kept.read(place, end);
            for (long told = 0; piece.isPresent() && told < READ_BYTES_MAX; ) {
                told += piece.get().bytes().remaining();
                place = tell(piece.get(), output);
                piece = kept.read(place, end);
            }
            return Math.min(place, kept.end(end));
        }
    }

    /// Tells all bytes from `from` to `end` that there are now; returns the place after them.
    static long readBytes(KeptOutput kept, long from, long end, BytesListener output)
            throws IOException {
        long place = from;
        for (Optional<KeptOutput.Piece> piece = kept.read(place, end);
                piece.isPresent();
                piece = kept.read(place, end)) {
            place = tell(piece.get(), output);
        }
        return place;
    }

    /// Returns the place after it.
    private static long tell(KeptOutput.Piece piece, BytesListener output) {
        var bytes = new byte[piece.bytes().remaining()];
        piece.bytes().get(bytes);
        output.bytes(piece.place(), bytes);
        return piece.place() + bytes.length;
    }

    @Override
    public void signal(int number) {
        // It has ended.
    }

    @Override
    public void write(byte[] bytes, More more, Duration wait) {
        throw ended(id());
    }

    static CarrelException ended(ExecutionId id) {
        return new CarrelException(
                ErrorCode.CONFLICT, "execution " + id + " has ended and takes no input");
    }

    @Override
    public void resize(TerminalSize size) {
        // It has ended.
    }

    /// Reads all output there is now from `from` on, and makes a result of it.
    static ExecutionResult read(
            ExecutionFiles files,
            Ending ending,
            OutputPlace from,
            OutputListener output,
            Instant now)
            throws IOException {
        try (var tails = new OutputTails(files, files.startOrNone(), from)) {
            tails.read(ending, end(ending, Stream.STDOUT), end(ending, Stream.STDERR), output);
            return tails.result(ending, now);
        }
    }

    /// The same without any output.
    static ExecutionResult result(ExecutionFiles files, Ending ending, Instant now)
            throws IOException {
        try (var tails = new OutputTails(files, files.startOrNone(), OutputPlace.START)) {
            return tails.result(ending, now);
        }
    }

    /// Up to which byte a stream belongs to the execution.
    static long end(Ending ending, Stream stream) {
        return switch (ending) {
            case Ending.Running running -> Long.MAX_VALUE;
            case Ending.Lost lost -> Long.MAX_VALUE;
            case Ending.Exited exited ->
                    stream == Stream.STDOUT
                            ? exited.record().stdoutBytes()
                            : exited.record().stderrBytes();
        };
    }

    static CarrelException unreadable(ExecutionId id, IOException cause) {
        return new CarrelException(
                ErrorCode.SANDBOX_FAILED,
                "the records of execution " + id + " cannot be read; the server's log says why",
                cause);
    }
}
