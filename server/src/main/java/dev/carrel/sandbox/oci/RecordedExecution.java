package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionResult;
import java.io.IOException;
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
    public ExecutionResult result() {
        return follow(OutputListener.NONE);
    }

    @Override
    public ExecutionResult follow(OutputListener output) {
        try {
            return read(files, files.ending(), output, Instant.EPOCH);
        } catch (IOException e) {
            throw unreadable(files.id(), e);
        }
    }

    @Override
    public void kill() {
        // It has ended.
    }

    /// Reads all output there is now, and makes a result of it.
    static ExecutionResult read(
            ExecutionFiles files, Ending ending, OutputListener output, Instant now)
            throws IOException {
        long bytesMax = files.outputBytesMax();
        try (var out = new OutputTail(files, Stream.STDOUT, bytesMax);
                var err = new OutputTail(files, Stream.STDERR, bytesMax)) {
            out.read(end(ending, Stream.STDOUT), output);
            err.read(end(ending, Stream.STDERR), output);
            if (!(ending instanceof Ending.Running)) {
                out.finish(output);
                err.finish(output);
            }
            return files.result(ending, out.text(), err.text(), now);
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
