package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.Isolation;
import dev.carrel.sandbox.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The engines that there are, whether this host can use them or not: what one of them started is
/// cleared away even after it was uninstalled.
final class Engines implements AutoCloseable {
    private final Map<Isolation, Engine> byLevel = new EnumMap<>(Isolation.class);

    private final String shim;

    Engines(List<Engine> engines, String shim) {
        this.shim = shim;
        engines.forEach(engine -> byLevel.put(engine.isolation(), engine));
    }

    /// `mounts` is the root of the mount space in which they run; `shim` the program of Kata.
    static Engines of(Instance instance, Path mounts, ControlGroups groups, String shim) {
        return new Engines(
                List.of(
                        new Crun(mounts),
                        new Runsc(instance.runscState(), mounts, groups),
                        new Kata(new ShimStart(shim, mounts), groups)),
                shim);
    }

    /// Why a level cannot be used, if it cannot.
    Optional<String> lacks(Isolation level) {
        return IsolationChecks.lacks(level, shim);
    }

    /// The engine of a sandbox, as noted at its creation.
    Engine of(SandboxFolder folder) throws IOException {
        Engine engine = byLevel.get(level(folder));
        if (engine == null) {
            throw new IOException("no engine for the isolation of " + folder.id());
        }
        return engine;
    }

    boolean savesMemory(Isolation level) {
        Engine engine = byLevel.get(level);
        return engine != null && engine.savesMemory();
    }

    /// To be called before anything else is made of the sandbox.
    static void note(SandboxFolder folder, Isolation level) throws IOException {
        Files.writeString(folder.isolation(), level.wireName());
    }

    // A folder without the note is one that a crash left before anything was started in it.
    private static Isolation level(SandboxFolder folder) throws IOException {
        try {
            return Isolation.of(Files.readString(folder.isolation()).strip())
                    .orElse(Isolation.CONTAINER);
        } catch (NoSuchFileException e) {
            return Isolation.CONTAINER;
        }
    }

    /// Lets every engine forget a sandbox.
    void forget(SandboxId id) throws IOException {
        for (Engine engine : byLevel.values()) {
            engine.forget(id);
        }
    }

    Set<SandboxId> remembered() throws IOException {
        Set<SandboxId> ids = new HashSet<>();
        for (Engine engine : byLevel.values()) {
            ids.addAll(engine.remembered());
        }
        return ids;
    }

    @Override
    public void close() {
        byLevel.values().forEach(Engine::close);
    }
}
