package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Cursor;
import dev.carrel.store.ProjectId;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// All sandboxes that this server knows: the image of the database's rows, which no other process
/// changes. Small enough to search, because sandboxes are few.
final class SandboxRegistry {
    private static final Comparator<Sandbox> NEWEST_FIRST =
            Comparator.comparing(Sandbox::createdAt)
                    .thenComparing(sandbox -> sandbox.id().value())
                    .reversed();

    private record Owner(ProjectId project, String name) {}

    private final Tombstones tombstones;
    private final Map<SandboxId, LiveSandbox> byId = new ConcurrentHashMap<>();
    private final Map<Owner, LiveSandbox> byOwner = new ConcurrentHashMap<>();

    SandboxRegistry(Tombstones tombstones) {
        this.tombstones = tombstones;
    }

    /// Adds it, unless there is one for its owner: then that one is returned.
    Optional<LiveSandbox> add(LiveSandbox live) {
        Optional<Owner> owner = owner(live);
        if (owner.isPresent()) {
            LiveSandbox other = byOwner.putIfAbsent(owner.get(), live);
            if (other != null) {
                return Optional.of(other);
            }
        }
        byId.put(live.id(), live);
        return Optional.empty();
    }

    void remove(LiveSandbox live) {
        byId.remove(live.id(), live);
        owner(live).ifPresent(owner -> byOwner.remove(owner, live));
    }

    /// Fails with `SANDBOX_NOT_FOUND`, also for what belongs to another project.
    LiveSandbox get(ProjectId project, SandboxId id) {
        LiveSandbox live = byId.get(id);
        if (live == null || !live.project().equals(project) || live.isGone()) {
            throw tombstones.notFound(project, id);
        }
        return live;
    }

    Optional<ProjectId> projectOf(SandboxId id) {
        return Optional.ofNullable(byId.get(id))
                .filter(live -> !live.isGone())
                .map(LiveSandbox::project);
    }

    Collection<LiveSandbox> all() {
        return List.copyOf(byId.values());
    }

    /// Those of a project.
    Stream<Sandbox> of(ProjectId project) {
        return byId.values().stream()
                .filter(live -> live.project().equals(project) && !live.isGone())
                .map(LiveSandbox::snapshot);
    }

    /// Newest first, after `cursor`.
    static List<Sandbox> page(Stream<Sandbox> all, SandboxFilter filter, int limit, Cursor cursor) {
        return all.filter(sandbox -> isAfter(cursor, sandbox))
                .filter(sandbox -> matches(filter, sandbox))
                .sorted(NEWEST_FIRST)
                .limit(limit)
                .toList();
    }

    static CarrelException notFound(SandboxId id) {
        return new CarrelException(
                ErrorCode.SANDBOX_NOT_FOUND,
                "there is no sandbox " + id + " in this project; it may have been deleted");
    }

    private static boolean isAfter(Cursor cursor, Sandbox sandbox) {
        Cursor place = Cursor.of(sandbox.createdAt(), sandbox.id().value());
        return place.micros() < cursor.micros()
                || (place.micros() == cursor.micros() && place.id().compareTo(cursor.id()) < 0);
    }

    private static boolean matches(SandboxFilter filter, Sandbox sandbox) {
        return filter.state().map(state -> state == sandbox.state()).orElse(true)
                && filter.user()
                        .map(user -> sandbox.spec().user().equals(Optional.of(user)))
                        .orElse(true)
                && sandbox.spec().metadata().entrySet().containsAll(filter.metadata().entrySet());
    }

    private static Optional<Owner> owner(LiveSandbox live) {
        return live.spec().owner().map(name -> new Owner(live.project(), name));
    }
}
