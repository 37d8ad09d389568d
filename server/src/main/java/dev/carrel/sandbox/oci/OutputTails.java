package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Execution.OutputListener;
import dev.carrel.sandbox.Execution.Stream;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.OutputPlace;
import java.io.IOException;
import java.time.Instant;

/// Both outputs of one execution, read side by side.
final class OutputTails implements AutoCloseable {
    private final ExecutionFiles files;
    private final OutputTail out;
    private final OutputTail err;

    OutputTails(ExecutionFiles files, StartRecord start, OutputPlace from) {
        this.files = files;
        this.out = tail(start, Stream.STDOUT, from);
        this.err = tail(start, Stream.STDERR, from);
    }

    private OutputTail tail(StartRecord start, Stream stream, OutputPlace from) {
        return new OutputTail(new KeptOutput(files, stream, start), stream, from.of(stream));
    }

    /// Reads what belongs to the execution by now; all of it, if it has ended.
    void read(Ending ending, long stdoutEnd, long stderrEnd, OutputListener output)
            throws IOException {
        out.read(stdoutEnd, output);
        err.read(stderrEnd, output);
        if (!(ending instanceof Ending.Running)) {
            out.finish(output);
            err.finish(output);
        }
    }

    ExecutionResult result(Ending ending, Instant now) throws IOException {
        return files.result(ending, out, err, now);
    }

    @Override
    public void close() {
        out.close();
        err.close();
    }
}
