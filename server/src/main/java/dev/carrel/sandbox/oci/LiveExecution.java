package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionResult;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;

/// An execution that was running when it was looked up.
final class LiveExecution implements Execution {
    /// A wait without news ends, to look again; nothing depends on it.
    private static final Duration WAIT = Duration.ofMinutes(1);

    private final ExecutionFiles files;
    private final Watch watch;
    private final long bytesMax;
    private final Runnable kill;
    private final InstantSource clock;

    LiveExecution(
            ExecutionFiles files, Watch watch, long bytesMax, Runnable kill, InstantSource clock) {
        this.files = files;
        this.watch = watch;
        this.bytesMax = bytesMax;
        this.kill = kill;
        this.clock = clock;
    }

    @Override
    public ExecutionId id() {
        return files.id();
    }

    @Override
    public boolean isRunning() {
        return watch.state().ending() instanceof Ending.Running;
    }

    @Override
    public ExecutionResult result() {
        try {
            Ending ending = watch.state().ending();
            return RecordedExecution.read(files, ending, OutputListener.NONE, clock.instant());
        } catch (IOException e) {
            throw RecordedExecution.unreadable(id(), e);
        }
    }

    @Override
    public ExecutionResult follow(OutputListener output) throws InterruptedException {
        try {
            try (var out = new OutputTail(files, Stream.STDOUT, bytesMax);
                    var err = new OutputTail(files, Stream.STDERR, bytesMax)) {
                return follow(out, err, output);
            }
        } catch (IOException e) {
            throw RecordedExecution.unreadable(id(), e);
        }
    }

    private ExecutionResult follow(OutputTail out, OutputTail err, OutputListener output)
            throws IOException, InterruptedException {
        while (true) {
            Watch.State state = watch.state();
            out.read(state.bytes(Stream.STDOUT), output);
            err.read(state.bytes(Stream.STDERR), output);
            if (!(state.ending() instanceof Ending.Running)) {
                out.finish(output);
                err.finish(output);
                return files.result(state.ending(), out.text(), err.text(), clock.instant());
            }
            if (state.detached()) {
                throw new CarrelException(
                        ErrorCode.UNAVAILABLE,
                        "execution " + id() + " goes on, but this server is closing: ask again");
            }
            watch.awaitChange(state, WAIT);
        }
    }

    @Override
    public void kill() {
        if (watch.state().ending() instanceof Ending.Running) {
            kill.run();
        }
    }
}
