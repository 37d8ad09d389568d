package dev.carrel.sandbox.oci;

import dev.carrel.process.Fd;
import dev.carrel.process.FileInfo;
import dev.carrel.sandbox.Execution.Stream;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.ExecutionStatus;
import dev.carrel.sandbox.ExecutionSummary;
import dev.carrel.sandbox.OutputPlace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// The files of one execution: `.json` and `.in`, which the server writes; `.out`, `.err` and
/// `.exit`, which pid 1 writes; and `.oom`, the server's verdict on a command that failed.
record ExecutionFiles(RunDirectory directory, ExecutionId id) {
    /// The last is what makes an execution started: it goes last.
    static final List<String> SUFFIXES = List.of(".in", ".json", ".oom", ".exit", ".err", ".out");

    private static final int SERVER_ONLY = 0600;
    private static final int READ_BY_PID_1 = 0444;

    boolean wasStarted() throws IOException {
        return directory.stat(id + ".out").isPresent();
    }

    /// Writes down what pid 1 and a later server need. Nothing happens before START.
    void prepare(StartRecord start, String stdin) throws IOException {
        if (!stdin.isEmpty()) {
            directory.write(id + ".in", stdin.getBytes(StandardCharsets.UTF_8), READ_BY_PID_1);
        }
        directory.write(id + ".json", start.json(), SERVER_ONLY, Optional.of(start.startedAt()));
    }

    /// The same; what no record tells is as by default.
    StartRecord startOrNone() throws IOException {
        return start().orElse(StartRecord.NONE);
    }

    Optional<StartRecord> start() throws IOException {
        return directory.read(id + ".json", StartRecord.BYTES_MAX).flatMap(StartRecord::parse);
    }

    Optional<ExitRecord> exit() throws IOException {
        return directory.read(id + ".exit", ExitRecord.BYTES_MAX + 1).flatMap(ExitRecord::parse);
    }

    Optional<Fd> open(Stream stream) throws IOException {
        return directory.open(id + (stream == Stream.STDOUT ? ".out" : ".err"));
    }

    void delete() throws IOException {
        for (String suffix : SUFFIXES) {
            directory.delete(id + suffix);
        }
    }

    /// Exited or lost, judged by the files alone: for an execution that no longer runs.
    Ending ending() throws IOException {
        Optional<ExitRecord> exit = exit();
        if (exit.isEmpty()) {
            return new Ending.Lost(verdict().orElse(false));
        }
        return new Ending.Exited(exit.get(), exit.get().failed() && verdict().orElse(false));
    }

    /// Decides once whether a command failed for want of memory, and writes that down: exit codes
    /// do not tell, because the kernel may have killed a child of the command. So any command that
    /// failed while the sandbox's count of kills grew counts as out of memory.
    boolean judge(ExitRecord exit, long oomKillsAtStart, long oomKillsNow) throws IOException {
        if (!exit.failed() || exit.timedOut() || exit.killedOnRequest()) {
            return false;
        }
        Optional<Boolean> earlier = verdict();
        if (earlier.isPresent()) {
            return earlier.get();
        }
        boolean outOfMemory = oomKillsNow > oomKillsAtStart || exit.memoryRanOut();
        directory.write(id + ".oom", new byte[] {(byte) (outOfMemory ? '1' : '0')}, SERVER_ONLY);
        return outOfMemory;
    }

    /// The same of a command whose sandbox ended under it, unasked.
    void judgeLost(long oomKillsNow) throws IOException {
        Optional<StartRecord> start = start();
        boolean outOfMemory = start.isPresent() && oomKillsNow > start.get().oomKills();
        if (outOfMemory && verdict().isEmpty()) {
            directory.write(id + ".oom", new byte[] {'1'}, SERVER_ONLY);
        }
    }

    private Optional<Boolean> verdict() throws IOException {
        return directory.read(id + ".oom", 1).map(text -> text.length == 1 && text[0] == '1');
    }

    /// The execution as it stands at `now`, with its output as already read.
    ExecutionResult result(Ending ending, OutputTail stdout, OutputTail stderr, Instant now)
            throws IOException {
        OptionalInt exitCode =
                ending instanceof Ending.Exited exited
                        ? OptionalInt.of(exited.record().exitCode())
                        : OptionalInt.empty();
        boolean dropped = ending instanceof Ending.Exited exited && exited.record().truncated();
        return new ExecutionResult(
                id,
                status(ending),
                exitCode,
                stdout.text(),
                stderr.text(),
                dropped || stdout.hasGap(),
                startedAt(ending, now),
                duration(ending, now),
                new OutputPlace(stdout.start(), stderr.start()),
                new OutputPlace(stdout.next(), stderr.next()));
    }

    private Instant startedAt(Ending ending, Instant now) throws IOException {
        return ending instanceof Ending.Exited exited
                ? exited.record().startedAt()
                : start().map(StartRecord::startedAt).orElse(now);
    }

    private Duration duration(Ending ending, Instant now) throws IOException {
        return switch (ending) {
            case Ending.Exited exited -> exited.record().duration();
            case Ending.Running _ -> since(startedAt(ending, now), now);
            case Ending.Lost _ -> since(startedAt(ending, now), lastSignOfLife());
        };
    }

    private static Duration since(Instant start, Instant end) {
        return end.isAfter(start) ? Duration.between(start, end) : Duration.ZERO;
    }

    /// For a list, where it comes by `startedAt`.
    ExecutionSummary summary(Ending ending, Instant startedAt, Instant now) throws IOException {
        StartRecord start = startOrNone();
        return new ExecutionSummary(
                id,
                status(ending),
                ending instanceof Ending.Exited exited
                        ? OptionalInt.of(exited.record().exitCode())
                        : OptionalInt.empty(),
                start.command(),
                start.cwd(),
                start.user(),
                start.terminal(),
                startedAt,
                duration(ending, now));
    }

    private Instant lastSignOfLife() throws IOException {
        Instant out = directory.stat(id + ".out").map(FileInfo::modifiedAt).orElse(Instant.EPOCH);
        Instant err = directory.stat(id + ".err").map(FileInfo::modifiedAt).orElse(Instant.EPOCH);
        return out.isAfter(err) ? out : err;
    }

    private static ExecutionStatus status(Ending ending) {
        return switch (ending) {
            case Ending.Running _ -> ExecutionStatus.RUNNING;
            case Ending.Lost lost ->
                    lost.outOfMemory()
                            ? ExecutionStatus.OUT_OF_MEMORY
                            : ExecutionStatus.INTERRUPTED;
            case Ending.Exited exited -> status(exited);
        };
    }

    private static ExecutionStatus status(Ending.Exited exited) {
        if (exited.record().timedOut()) {
            return ExecutionStatus.TIMED_OUT;
        } else if (exited.outOfMemory()) {
            return ExecutionStatus.OUT_OF_MEMORY;
        }
        return exited.record().signal().isPresent()
                ? ExecutionStatus.KILLED
                : ExecutionStatus.COMPLETED;
    }
}
