package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.sandbox.FakeHost.Step;
import dev.carrel.store.Cursor;
import dev.carrel.store.Micros;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One sandbox of a [FakeHost]: a folder, and the commands that were ever started in it.
final class FakeSandbox {
    private final SandboxId id;
    private volatile SandboxSpec spec;
    private final Path root;
    private final Consumer<Step> reach;
    private final Map<ExecutionId, FakeExecution> executions = new ConcurrentHashMap<>();
    private volatile @Nullable Running running;
    private final FakePauses pauses = new FakePauses();
    private volatile boolean paused;
    private volatile SavedMemory memory = SavedMemory.NONE;

    FakeSandbox(SandboxId id, SandboxSpec spec, Path root, Consumer<Step> reach) {
        this.id = id;
        this.spec = spec;
        this.root = root;
        this.reach = reach;
    }

    Path root() {
        return root;
    }

    void makeDisk() throws IOException {
        for (String folder : List.of("workspace", "root", "tmp", "etc")) {
            Files.createDirectories(root.resolve(folder));
        }
    }

    void removeDisk() throws IOException {
        FakeSnapshots.removeTree(root);
    }

    /// Of which commands get their environment from now on.
    void become(SandboxSpec changed) {
        spec = changed;
    }

    RunningSandbox start() {
        if (memory.saved()) {
            memory = SavedMemory.NONE;
            pauses.goOn();
            FakeProcesses.thawAll(FakeProcesses.marker(id));
        }
        paused = false;
        var started = new Running();
        running = started;
        return started;
    }

    Optional<RunningSandbox> running() {
        return Optional.ofNullable(running).filter(Running::isAlive).map(r -> r);
    }

    SavedMemory memory() {
        return memory;
    }

    void loseMemory(String why) {
        memory = SavedMemory.lost(why);
    }

    /// Its processes stand still until it is started.
    void saveMemory() {
        Running current = running;
        paused = true;
        pauses.stop();
        FakeProcesses.freezeAll(FakeProcesses.marker(id));
        if (current != null) {
            current.alive = false;
        }
        executions.values().forEach(FakeExecution::saved);
        memory = SavedMemory.SAVED;
    }

    void stop() {
        if (memory.saved()) {
            memory = SavedMemory.NONE;
        }
        Running current = running;
        if (current != null) {
            current.alive = false;
        }
        executions.values().forEach(FakeExecution::interrupt);
        FakeProcesses.killAll(FakeProcesses.marker(id));
        executions.values().forEach(FakeExecution::awaitEnd);
        pauses.goOn();
        paused = false;
    }

    Optional<Execution> execution(ExecutionId execution) {
        Optional<Execution> found = Optional.ofNullable(executions.get(execution));
        if (paused && found.map(FakeSandbox::runs).orElse(false)) {
            throw pausedNow();
        }
        return found;
    }

    private static boolean runs(Execution execution) {
        return execution.isRunning();
    }

    List<ExecutionSummary> summaries(Cursor after, int limit) {
        return executions.values().stream()
                .map(FakeExecution::summary)
                .sorted(
                        Comparator.comparing(ExecutionSummary::startedAt)
                                .thenComparing(summary -> summary.id().value())
                                .reversed())
                .filter(summary -> comesAfter(summary, after))
                .limit(limit)
                .toList();
    }

    private static boolean comesAfter(ExecutionSummary summary, Cursor place) {
        long micros = Micros.of(summary.startedAt());
        return micros < place.micros()
                || (micros == place.micros() && summary.id().value().compareTo(place.id()) < 0);
    }

    private CarrelException pausedNow() {
        return new CarrelException(
                ErrorCode.SANDBOX_NOT_RUNNING, "sandbox " + id + " is paused; resume it first");
    }

    private Execution execute(ExecutionId execution, ExecutionRequest request) {
        var fresh = new FakeExecution(execution, request, pauses);
        FakeExecution before = executions.putIfAbsent(execution, fresh);
        if (before != null) {
            return before;
        }
        String cwd = request.cwd().isEmpty() ? "/workspace" : request.cwd();
        fresh.start(new FakeFiles(root, () -> {}).workingDirectory(cwd), env(request));
        return fresh;
    }

    private Map<String, String> env(ExecutionRequest request) {
        var env = new HashMap<String, String>();
        env.put("PATH", ExecutionRequest.PATH_DEFAULT);
        env.put("HOME", root.resolve("root").toString());
        env.put("LANG", "C.UTF-8");
        env.putAll(spec.env());
        env.putAll(request.env());
        env.put(FakeProcesses.VARIABLE, id.value());
        return env;
    }

    /// From one start to the next stop.
    private final class Running implements RunningSandbox {
        private final SandboxFiles files = new FakeFiles(root, this::requireAlive);
        private volatile boolean alive = true;

        @Override
        public boolean isAlive() {
            return alive;
        }

        @Override
        public boolean isPaused() {
            return alive && paused;
        }

        @Override
        public void pause() {
            reach.accept(Step.BEFORE_PAUSE);
            requireAlive();
            paused = true;
            pauses.stop();
            FakeProcesses.freezeAll(FakeProcesses.marker(id));
            reach.accept(Step.AFTER_PAUSE);
        }

        @Override
        public void resume() {
            reach.accept(Step.BEFORE_RESUME);
            requireAlive();
            pauses.goOn();
            FakeProcesses.thawAll(FakeProcesses.marker(id));
            paused = false;
            reach.accept(Step.AFTER_RESUME);
        }

        @Override
        public void change(NetworkPolicy policy) {
            requireAlive();
        }

        @Override
        public Execution start(ExecutionId execution, ExecutionRequest request) {
            Execution before = executions.get(execution);
            if (before != null) {
                return before;
            }
            reach.accept(Step.BEFORE_EXECUTE);
            requireAlive();
            if (paused) {
                throw pausedNow();
            }
            if (request.user().map(user -> !user.matches("(root|0)(:.*)?")).orElse(false)) {
                throw CarrelException.ofParam(
                        ErrorCode.NOT_SUPPORTED, "user", "here everybody is root");
            }
            return execute(execution, request);
        }

        @Override
        public List<Execution> executions() {
            return executions.values().stream()
                    .filter(FakeSandbox::runs)
                    .map(execution -> (Execution) execution)
                    .toList();
        }

        @Override
        public void killAll() {
            requireAlive();
            executions.values().forEach(FakeExecution::kill);
            FakeProcesses.killAll(FakeProcesses.marker(id));
        }

        @Override
        public SandboxFiles files() {
            return files;
        }

        /// Commands are processes of the host, and so are their ports.
        @Override
        public Optional<SocketChannel> connect(int port, Duration timeout) {
            requireAlive();
            try {
                SocketChannel channel = SocketChannel.open();
                channel.socket()
                        .connect(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                                Math.toIntExact(timeout.toMillis()));
                return Optional.of(channel);
            } catch (ConnectException e) {
                return Optional.empty();
            } catch (IOException e) {
                throw new CarrelException(
                        ErrorCode.UNAVAILABLE, "port " + port + " does not answer", e);
            }
        }

        private void requireAlive() {
            if (!alive) {
                throw new CarrelException(
                        ErrorCode.SANDBOX_NOT_RUNNING,
                        "sandbox " + id + " has ended; start it again");
            }
        }
    }
}
