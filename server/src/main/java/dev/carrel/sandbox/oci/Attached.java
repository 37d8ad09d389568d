package dev.carrel.sandbox.oci;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.process.Fd;
import dev.carrel.process.Linux;
import dev.carrel.process.LinuxException;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionSummary;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.store.Cursor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This process's hold on a running sandbox: the channel to its pid 1 and its files. Letting go
/// leaves the sandbox alone. A pid 1 that is paused answers nobody, so the channel of a sandbox
/// that is found paused is opened when it is resumed.
final class Attached implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Attached.class);
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration DEATH_TIMEOUT = Duration.ofSeconds(5);

    private final SandboxFolder folder;
    private final int process;
    private final Engine engine;
    private final ControlGroups groups;
    private final Freezer freezer;
    private final PauseClock pauses;
    private final AttachedFiles files;
    private final Ports network;
    private final CountDownLatch death = new CountDownLatch(1);

    // Held while the channel is opened: a second one would only be in the way.
    private final ReentrantLock connecting = new ReentrantLock();
    private volatile @Nullable InitClient client;
    private volatile boolean closed;

    private Attached(
            SandboxFolder folder,
            int process,
            Engine engine,
            ControlGroups groups,
            Fd root,
            Ports network) {
        this.folder = folder;
        this.engine = engine;
        this.process = process;
        this.groups = groups;
        this.freezer = new Freezer(groups);
        this.pauses = new PauseClock(new RunDirectory(folder.run()));
        this.network = network;
        this.files = new AttachedFiles(folder.id(), root, this::isAlive);
    }

    static Attached to(SandboxFolder folder, int process, Engine engine, ControlGroups groups)
            throws IOException {
        Path files = engine.files(folder, process);
        Ports network = engine.ports(folder, process);
        Fd root;
        try {
            root = Linux.open(files.toString(), Linux.O_PATH | Linux.O_DIRECTORY, 0);
        } catch (LinuxException e) {
            network.close();
            throw e;
        }
        var fresh = new Attached(folder, process, engine, groups, root, network);
        boolean complete = false;
        try {
            if (!fresh.isPaused()) {
                fresh.connected();
            }
            complete = true;
            return fresh;
        } finally {
            if (!complete) {
                fresh.close();
            }
        }
    }

    AttachedFiles files() {
        return files;
    }

    Ports network() {
        return network;
    }

    /// The channel to pid 1. Fails with `SANDBOX_NOT_RUNNING` while the sandbox is paused: whatever
    /// is asked now would be done at a time that nobody expects.
    InitClient client() {
        if (isPaused()) {
            throw new CarrelException(
                    ErrorCode.SANDBOX_NOT_RUNNING,
                    "sandbox " + id() + " is paused; resume it first");
        }
        return connected();
    }

    boolean isAlive() {
        @Nullable InitClient known = client;
        return !closed && (known != null ? known.isAlive() : groups.holds(id(), process));
    }

    boolean isPaused() {
        return freezer.isFrozen(id());
    }

    void pause() {
        if (!isPaused()) {
            pauses.stop();
        }
        Failures.run(id(), "be paused", () -> freezer.freeze(id()));
    }

    void resume() {
        goOn();
        connected();
    }

    /// As [#resume], with nobody to speak with pid 1 afterwards.
    void goOn() {
        if (isPaused()) {
            pauses.goOn();
        }
        Failures.run(id(), "be resumed", () -> freezer.thaw(id()));
    }

    Optional<Execution> find(ExecutionId execution) throws IOException {
        var directory = new RunDirectory(folder.run());
        var records = new ExecutionFiles(directory, execution);
        return isPaused() && (!records.wasStarted() || records.exit().isPresent())
                ? RecordedExecution.find(directory, execution)
                : client().find(execution);
    }

    List<ExecutionSummary> executions(Cursor after, int limit) throws IOException {
        @Nullable InitClient known = client;
        var directory = new RunDirectory(folder.run());
        // A server that finds it paused has heard nothing yet: what has not ended runs.
        return new ExecutionList(directory, id -> known == null || known.runs(id))
                .page(after, limit, Instant.now());
    }

    private InitClient connected() {
        @Nullable InitClient known = client;
        if (known != null) {
            return known;
        }
        connecting.lock();
        try {
            known = client;
            if (known == null) {
                known = connect();
                client = known;
            }
            return known;
        } finally {
            connecting.unlock();
        }
    }

    private InitClient connect() {
        if (closed) {
            throw new CarrelException(
                    ErrorCode.SANDBOX_NOT_RUNNING, "sandbox " + id() + " has stopped");
        }
        return InitClient.connect(
                id(),
                new RunDirectory(folder.run()),
                door(),
                () -> groups.oomKills(id()),
                InstantSource.system(),
                CONNECT_TIMEOUT,
                death::countDown);
    }

    private InitDoor door() {
        try {
            return engine.door(folder, process);
        } catch (IOException e) {
            throw Failures.failed(id(), "be connected to", e);
        }
    }

    private SandboxId id() {
        return folder.id();
    }

    /// Before pid 1 is killed.
    void expectEnd() {
        @Nullable InitClient known = client;
        if (known != null) {
            known.expectEnd();
        }
    }

    /// After pid 1 was killed: waits until everybody who follows a command has heard of it.
    void awaitDeath() {
        try {
            if (client != null && !death.await(DEATH_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("the channel of a killed sandbox stays open");
            }
        } catch (InterruptedException e) {
            // Followers then learn that the server lets go, which is true as well.
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        letGo(LetGo.BY_SERVER);
    }

    void letGo(LetGo why) {
        closed = true;
        connecting.lock();
        try {
            if (client != null) {
                client.letGo(why);
            }
        } finally {
            connecting.unlock();
        }
        // An open root would keep the file system of a stopped sandbox.
        files.close();
        network.close();
    }
}
