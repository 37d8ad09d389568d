package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The sandboxes that this process has a hold on. Any thread uses it; one sandbox never has two.
final class Connections implements AutoCloseable {
    private static final int LOCKS = 1024;

    private final Host host;
    private final Map<SandboxId, Attached> attached = new ConcurrentHashMap<>();

    // Unlike other locks, held over I/O: two connections to one pid 1 would be in each other's way.
    private final ReentrantLock[] making = new ReentrantLock[LOCKS];

    Connections(Host host) {
        this.host = host;
        for (int i = 0; i < LOCKS; i++) {
            making[i] = new ReentrantLock();
        }
    }

    /// The connection to a sandbox that runs, made now if there is none.
    Optional<Attached> to(SandboxId id) throws IOException {
        Optional<Attached> known = alive(id);
        if (known.isPresent()) {
            return known;
        }
        ReentrantLock lock = lockOf(id);
        lock.lock();
        try {
            Optional<Attached> meanwhile = alive(id);
            return meanwhile.isPresent() ? meanwhile : find(id);
        } finally {
            lock.unlock();
        }
    }

    /// The connection to a sandbox that was started just now.
    Attached make(SandboxFolder folder, int process) throws IOException {
        ReentrantLock lock = lockOf(folder.id());
        lock.lock();
        try {
            return replace(folder, process);
        } finally {
            lock.unlock();
        }
    }

    private Optional<Attached> alive(SandboxId id) {
        return Optional.ofNullable(attached.get(id)).filter(Attached::isAlive);
    }

    private Optional<Attached> find(SandboxId id) throws IOException {
        SandboxFolder folder = host.instance().sandbox(id);
        OptionalInt process = host.launch().process(folder);
        if (process.isEmpty() || !mayRun(folder)) {
            return Optional.empty();
        }
        return Optional.of(replace(folder, process.getAsInt()));
    }

    // What is saved for good is not to run on. Else, once what an earlier server has begun is given
    // up, it never will be.
    private boolean mayRun(SandboxFolder folder) throws IOException {
        MemoryFolders memories = host.disks().memories();
        boolean givenUp = memories.giveUp(folder.id());
        if (memories.isWhole(folder.id())) {
            return false;
        }
        if (givenUp) {
            host.engines().of(folder).goOn(folder);
            memories.delete(folder.id());
        }
        return true;
    }

    private Attached replace(SandboxFolder folder, int process) throws IOException {
        letGo(folder.id(), LetGo.BY_SERVER);
        Engine engine = host.engines().of(folder);
        Attached fresh = Attached.to(folder, process, engine, host.groups());
        attached.put(folder.id(), fresh);
        return fresh;
    }

    /// Before its processes are killed.
    void expectEnd(SandboxId id) {
        Attached known = attached.get(id);
        if (known != null && known.isAlive()) {
            known.expectEnd();
        }
    }

    /// Lets go of a sandbox whose processes were killed, once everybody who follows a command has
    /// heard of it. Whoever was just connecting has done so by then, and nobody can any more.
    void drop(SandboxId id) {
        ReentrantLock lock = lockOf(id);
        @Nullable Attached known;
        lock.lock();
        try {
            known = attached.remove(id);
        } finally {
            lock.unlock();
        }
        if (known != null) {
            known.awaitDeath();
            known.close();
        }
    }

    /// Work on a sandbox that runs.
    @FunctionalInterface
    interface Work<T> {
        T run(Attached sandbox) throws IOException;
    }

    /// Lets go of a sandbox to save it, when nobody may be connected to it: others who ask for a
    /// connection wait. Returns `otherwise` if it does not run.
    <T> T apart(SandboxId id, Work<T> work, T otherwise) throws IOException {
        ReentrantLock lock = lockOf(id);
        lock.lock();
        try {
            Optional<Attached> running = to(id);
            if (running.isEmpty()) {
                return otherwise;
            }
            letGo(id, LetGo.PAUSED_TO_DISK);
            return work.run(running.get());
        } finally {
            lock.unlock();
        }
    }

    private void letGo(SandboxId id, LetGo why) {
        Attached known = attached.remove(id);
        if (known != null) {
            known.letGo(why);
        }
    }

    private ReentrantLock lockOf(SandboxId id) {
        return making[Math.floorMod(id.hashCode(), LOCKS)];
    }

    /// The sandboxes go on.
    @Override
    public void close() {
        attached.keySet().forEach(id -> letGo(id, LetGo.BY_SERVER));
    }
}
