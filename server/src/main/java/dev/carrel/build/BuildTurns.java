package dev.carrel.build;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.ProjectId;
import java.util.HashSet;
import java.util.Set;

/// Who may build what at once. Any thread may use it.
final class BuildTurns {
    private final Set<Name> building = new HashSet<>(); // guarded by this

    private record Name(ProjectId project, String name) {}

    /// Until what is returned is closed, nobody else builds this name. Fails with `CONFLICT` or
    /// `RATE_LIMITED`.
    synchronized Turn take(ProjectId project, String image) {
        var name = new Name(project, image);
        if (building.contains(name)) {
            throw new CarrelException(
                    ErrorCode.CONFLICT,
                    ("image %s is being built already; retry when that is done, or end it by"
                                    + " deleting its sandboxes, named \"build of %s\"")
                            .formatted(image, image));
        }
        long own = building.stream().filter(other -> other.project().equals(project)).count();
        if (own >= ImageBuilds.PER_PROJECT_MAX) {
            throw limit("%d images of this project are being built", ImageBuilds.PER_PROJECT_MAX);
        }
        if (building.size() >= ImageBuilds.AT_ONCE_MAX) {
            throw limit("%d images are being built", ImageBuilds.AT_ONCE_MAX);
        }
        building.add(name);
        return () -> end(name);
    }

    private synchronized void end(Name name) {
        building.remove(name);
    }

    private static CarrelException limit(String what, int most) {
        return new CarrelException(
                ErrorCode.RATE_LIMITED,
                what.formatted(most) + ", which is the limit; retry when one is done");
    }

    /// Gives back what was taken.
    interface Turn extends AutoCloseable {
        @Override
        void close();
    }
}
