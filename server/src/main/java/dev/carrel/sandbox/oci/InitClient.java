package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.Account;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The executions of one running sandbox: asks its pid 1 to start and kill them, and hears from it
/// how they go on. Any thread may call it. Everything that must outlast this process is in the run
/// directory, so a new client simply connects again.
final class InitClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InitClient.class);

    private final RunDirectory directory;
    private final LongSupplier oomKills;
    private final InstantSource clock;
    private final Pruner pruner;
    private final Map<ExecutionId, Watch> watches = new ConcurrentHashMap<>();

    /// What pid 1 runs, and what it is being asked to.
    private final Set<ExecutionId> running = ConcurrentHashMap.newKeySet();

    private final InitConnection connection;

    private volatile boolean died;

    /// Its end was asked for, so that the want of memory is not the reason.
    private volatile boolean ending;

    private InitClient(
            SandboxId sandbox,
            RunDirectory directory,
            InitDoor door,
            LongSupplier oomKills,
            InstantSource clock,
            Runnable onDeath) {
        this.directory = directory;
        this.oomKills = oomKills;
        this.clock = clock;
        this.connection = new InitConnection(sandbox, door, new Ears(), onDeath);
        this.pruner = new Pruner(directory, () -> Set.copyOf(running));
    }

    /// Connects to the pid 1 that has this run directory, which may be just starting; fails with
    /// `SANDBOX_FAILED` when it has not answered within `timeout`. `door` is closed with this.
    /// `oomKills` reads the sandbox's count of out-of-memory kills. `onDeath` runs once, on a
    /// thread of its own, when pid 1 has ended; not after [#close].
    static InitClient connect(
            SandboxId sandbox,
            RunDirectory directory,
            InitDoor door,
            LongSupplier oomKills,
            InstantSource clock,
            Duration timeout,
            Runnable onDeath) {
        var client = new InitClient(sandbox, directory, door, oomKills, clock, onDeath);
        try {
            client.connection.connect(timeout);
            return client;
        } catch (CarrelException e) {
            client.close();
            throw e;
        }
    }

    /// From now on its death is no surprise.
    void expectEnd() {
        ending = true;
    }

    boolean isAlive() {
        return connection.isAlive();
    }

    /// What runs now, whoever started it.
    List<Execution> running() {
        return List.copyOf(running).stream().flatMap(id -> find(id).stream()).toList();
    }

    /// Starts a command, as somebody else than pid 1 if there is an `account`, unless an execution
    /// of this id was started before. `environment` is all that is not the request's own.
    Execution start(
            ExecutionId id,
            ExecutionRequest request,
            Map<String, String> environment,
            Optional<Account> account) {
        check(request);
        var variables = new HashMap<>(environment);
        variables.putAll(request.env());
        var frame = InitRequest.start(id, request, variables, account);
        var files = new ExecutionFiles(directory, id);
        StartRecord record;
        try {
            if (files.wasStarted()) {
                return find(id).orElseThrow(() -> pruned(id));
            }
            record = StartRecord.of(request, clock.instant(), oomKills.getAsLong());
            files.prepare(record, request.stdin());
        } catch (IOException e) {
            throw RecordedExecution.unreadable(id, e);
        }
        Watch watch = watches.computeIfAbsent(id, absent -> Watch.fresh());
        running.add(id);
        try {
            if (!connection.startsExecution(id, frame)) {
                return find(id).orElseThrow(() -> pruned(id));
            }
        } catch (CarrelException e) {
            running.remove(id);
            watches.remove(id, watch);
            throw e;
        }
        pruner.started();
        return live(files, watch, record);
    }

    private static void check(ExecutionRequest request) {
        int stdin = request.stdin().getBytes(StandardCharsets.UTF_8).length;
        if (stdin > ExecutionRequest.STDIN_BYTES_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "stdin",
                    "stdin is %d bytes, and at most %d are taken: write a file instead"
                            .formatted(stdin, ExecutionRequest.STDIN_BYTES_MAX));
        }
    }

    private static CarrelException pruned(ExecutionId id) {
        return new CarrelException(
                ErrorCode.EXECUTION_NOT_FOUND,
                "execution " + id + " was removed while it was looked up");
    }

    /// An execution of this sandbox, of an earlier run of it too; empty if it was never started.
    Optional<Execution> find(ExecutionId id) {
        var files = new ExecutionFiles(directory, id);
        try {
            if (!files.wasStarted()) {
                return Optional.empty();
            }
            if (files.exit().isEmpty()) {
                // Watched before asking, so that an end in between is not missed.
                Watch watch = watches.computeIfAbsent(id, absent -> Watch.adopted());
                watch.wroteUnknown();
                if (running.contains(id) || !(watch.state().ending() instanceof Ending.Running)) {
                    return Optional.of(live(files, watch, files.startOrNone()));
                }
            }
            end(files);
            return RecordedExecution.find(directory, id);
        } catch (IOException e) {
            throw RecordedExecution.unreadable(id, e);
        }
    }

    /// Kills every process of the sandbox but pid 1.
    void killAll() {
        connection.killAll();
    }

    private Execution live(ExecutionFiles files, Watch watch, StartRecord record) {
        return new LiveExecution(files, watch, record, connection, clock);
    }

    boolean runs(ExecutionId id) {
        return running.contains(id);
    }

    // Of an execution that no longer runs, whether its end was heard or not. The verdict is late
    // when no server was there, but better than none.
    private void end(ExecutionFiles files) throws IOException {
        Optional<ExitRecord> exit = files.exit();
        if (exit.isPresent()) {
            judge(files, exit.get());
        } else if (died && !ending) {
            files.judgeLost(oomKills.getAsLong());
        }
        running.remove(files.id());
        Watch watch = watches.remove(files.id());
        if (watch != null) {
            watch.ended(files.ending());
        }
    }

    private boolean judge(ExecutionFiles files, ExitRecord exit) throws IOException {
        if (!exit.failed()) {
            return false;
        }
        long kills = oomKills.getAsLong();
        return files.judge(exit, files.start().map(StartRecord::oomKills).orElse(kills), kills);
    }

    /// What pid 1 says unasked. Runs on the thread that reads its channel.
    private final class Ears implements InitConnection.Listener {
        @Override
        public void output(InitMessage.Output message) {
            Watch watch = watches.get(message.id());
            if (watch != null) {
                watch.wrote(message.stream(), message.bytes());
            }
        }

        @Override
        public void drained(ExecutionId id) {
            Watch watch = watches.get(id);
            if (watch != null) {
                watch.drained();
            }
        }

        @Override
        public void exit(InitMessage.Exit message) {
            running.remove(message.id());
            pruner.ended(message.record());
            boolean outOfMemory = false;
            try {
                var files = new ExecutionFiles(directory, message.id());
                outOfMemory = judge(files, message.record());
            } catch (IOException e) {
                LOG.warn("Execution {}: no verdict could be kept", message.id(), e);
            }
            Watch watch = watches.remove(message.id());
            if (watch != null) {
                watch.ended(new Ending.Exited(message.record(), outOfMemory));
            }
        }

        @Override
        public void connected(Set<ExecutionId> now) {
            running.addAll(now);
            // One with a watch may be about to start: that is for its own files to say.
            running.removeIf(id -> !now.contains(id) && !watches.containsKey(id));
            watches.forEach((id, watch) -> {
                if (now.contains(id)) {
                    watch.wroteUnknown();
                } else {
                    endUnheard(id);
                }
            });
        }

        @Override
        public void died() {
            died = true;
            running.clear();
            watches.keySet().forEach(this::endUnheard);
        }

        private void endUnheard(ExecutionId id) {
            var files = new ExecutionFiles(directory, id);
            try {
                // Else it is about to be asked for, and whoever asks gets the answer.
                if (files.wasStarted()) {
                    end(files);
                }
            } catch (IOException e) {
                LOG.warn("Execution {}: its records cannot be read", id, e);
                Watch watch = watches.remove(id);
                if (watch != null) {
                    watch.ended(new Ending.Lost(false));
                }
            }
        }
    }

    /// Lets go of the sandbox. Followers are told why, and to ask again.
    void letGo(LetGo why) {
        connection.close();
        watches.values().forEach(watch -> watch.letGo(why));
    }

    @Override
    public void close() {
        letGo(LetGo.BY_SERVER);
    }
}
