package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Errno;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.OutputPlace;
import dev.carrel.sandbox.TerminalSize;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;

/// An execution that was running when it was looked up.
final class LiveExecution implements Execution {
    /// A wait without news ends, to look again; nothing depends on it.
    private static final Duration WAIT = Duration.ofMinutes(1);

    private final ExecutionFiles files;
    private final Watch watch;
    private final StartRecord start;
    private final InitConnection init;
    private final InstantSource clock;

    LiveExecution(
            ExecutionFiles files,
            Watch watch,
            StartRecord start,
            InitConnection init,
            InstantSource clock) {
        this.files = files;
        this.watch = watch;
        this.start = start;
        this.init = init;
        this.clock = clock;
    }

    @Override
    public ExecutionId id() {
        return files.id();
    }

    @Override
    public boolean isRunning() {
        Watch.State state = watch.state();
        return state.ending() instanceof Ending.Running && state.letGo().isEmpty();
    }

    @Override
    public ExecutionResult result(OutputPlace from) {
        try {
            Ending ending = watch.state().ending();
            return RecordedExecution.read(
                    files, ending, from, OutputListener.NONE, clock.instant());
        } catch (IOException e) {
            throw RecordedExecution.unreadable(id(), e);
        }
    }

    @Override
    public long read(Stream stream, long from, BytesListener output) {
        try {
            return RecordedExecution.read(files, watch.state().ending(), stream, from, output);
        } catch (IOException e) {
            throw RecordedExecution.unreadable(id(), e);
        }
    }

    @Override
    public ExecutionResult follow(OutputPlace from, OutputListener output)
            throws InterruptedException {
        try (var tails = new OutputTails(files, start, from)) {
            Ending ending =
                    follow(state ->
                            tails.read(
                                    state.ending(),
                                    state.bytes(Stream.STDOUT),
                                    state.bytes(Stream.STDERR),
                                    output));
            return tails.result(ending, clock.instant());
        } catch (IOException e) {
            throw RecordedExecution.unreadable(id(), e);
        }
    }

    @Override
    public ExecutionResult followBytes(Stream stream, long from, BytesListener output)
            throws InterruptedException {
        try (var kept = new KeptOutput(files, stream, start)) {
            var place = new long[] {from};
            Ending ending =
                    follow(state ->
                            place[0] =
                                    RecordedExecution.readBytes(
                                            kept, place[0], state.bytes(stream), output));
            return RecordedExecution.result(files, ending, clock.instant());
        } catch (IOException e) {
            throw RecordedExecution.unreadable(id(), e);
        }
    }

    /// Takes over what has been written by now.
    private interface Reader {
        void read(Watch.State state) throws IOException;
    }

    /// Lets `reader` read after each change, until the end.
    private Ending follow(Reader reader) throws IOException, InterruptedException {
        while (true) {
            Watch.State state = watch.state();
            reader.read(state);
            if (!(state.ending() instanceof Ending.Running)) {
                return state.ending();
            }
            if (state.letGo().isPresent()) {
                throw state.letGo().get().failure(id());
            }
            watch.awaitChange(state, WAIT);
        }
    }

    @Override
    public void signal(int number) {
        if (watch.state().ending() instanceof Ending.Running) {
            init.signal(id(), number);
        }
    }

    @Override
    public void write(byte[] bytes, More more, Duration wait) throws InterruptedException {
        long end = System.nanoTime() + wait.toNanos();
        while (true) {
            Watch.State seen = watch.state();
            if (!(seen.ending() instanceof Ending.Running)) {
                throw RecordedExecution.ended(id());
            }
            int number = init.give(id(), bytes, more == More.LAST);
            if (number == 0) {
                return;
            }
            if (Errno.of(number) != Errno.EAGAIN) {
                throw new CarrelException(
                        ErrorCode.CONFLICT,
                        "execution %s has no open input: start it with stdin_open or background"
                                .formatted(id()));
            }
            if (!watch.awaitDrained(seen, Duration.ofNanos(end - System.nanoTime()))) {
                throw new CarrelException(
                        ErrorCode.INPUT_FULL,
                        "execution %s has not read what it was given before; try again later"
                                .formatted(id()));
            }
        }
    }

    @Override
    public void resize(TerminalSize size) {
        if (watch.state().ending() instanceof Ending.Running) {
            init.resize(id(), size);
        }
    }
}
