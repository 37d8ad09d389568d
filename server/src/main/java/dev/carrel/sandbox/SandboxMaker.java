package dev.carrel.sandbox;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Micros;
import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/// Gives projects sandboxes: a warm one where one fits, a new one otherwise. Specs are checked.
final class SandboxMaker {
    /// An owner's sandbox can fail or go while we wait for it; so often we look again.
    private static final int OWNER_ATTEMPTS_MAX = 5;

    private final SandboxBirths births;
    private final WarmPool pool;
    private final SandboxSettings settings;
    private final ExecutionLimits limits;
    private final InstantSource clock;

    SandboxMaker(
            SandboxBirths births,
            WarmPool pool,
            SandboxSettings settings,
            ExecutionLimits limits,
            InstantSource clock) {
        this.births = births;
        this.pool = pool;
        this.settings = settings;
        this.limits = limits;
        this.clock = clock;
    }

    /// Fails with `CONFLICT` when the owner has one.
    LiveSandbox make(ProjectId project, SandboxSpec spec) {
        Made made = makeOrFind(project, spec);
        if (!made.isFresh()) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    "there is a sandbox for this owner already: " + made.sandbox().id());
        }
        return made.sandbox();
    }

    /// The one of this owner, made now if there is none.
    LiveSandbox forOwner(ProjectId project, SandboxSpec spec, String owner) {
        for (int attempt = 0; attempt < OWNER_ATTEMPTS_MAX; attempt++) {
            LiveSandbox found = makeOrFind(project, spec).sandbox();
            // Another caller may be making it or taking it down: the lock waits for the outcome.
            if (found.isReady() || found.exclusively(found::isReady)) {
                return found;
            }
        }
        throw new CarrelException(
                ErrorCode.UNAVAILABLE,
                "the sandbox of %s could not be made, because others kept deleting it; retry"
                        .formatted(owner));
    }

    private record Made(LiveSandbox sandbox, boolean isFresh) {}

    private Made makeOrFind(ProjectId project, SandboxSpec spec) {
        // Times as precise as the database keeps them, so that they are the same after a restart.
        Instant now = Micros.toInstant(Micros.of(clock.instant()));
        Optional<WarmSandbox> warm = pool.take(spec);
        SandboxId id = warm.map(WarmSandbox::id).orElseGet(SandboxId::next);
        SandboxRow row = SandboxRow.fresh(id, project, spec, now);
        var fresh = new LiveSandbox(row, settings, limits);
        Optional<LiveSandbox> other =
                warm.isPresent()
                        ? births.take(row, fresh, warm.get(), pool::giveBack)
                        : births.create(row, fresh);
        return new Made(other.orElse(fresh), other.isEmpty());
    }
}
