package dev.carrel.build;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.image.ImageConfig;
import dev.carrel.image.Images.Image;
import dev.carrel.image.ProjectImages;
import dev.carrel.sandbox.Account;
import dev.carrel.sandbox.BuildSteps;
import dev.carrel.sandbox.NetworkPolicy;
import dev.carrel.sandbox.Sandbox;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.SnapshotId;
import dev.carrel.store.Ids;
import dev.carrel.store.ProjectId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// What one build works with: its sandboxes, which all go with it, and the steps of earlier builds.
/// Used by one thread.
final class BuildSite implements AutoCloseable {
    /// Sandboxes go by themselves so long after the build should have ended.
    private static final Duration SPARE = Duration.ofMinutes(5);

    private static final Pattern NUMBERS = Pattern.compile("[0-9]+(:[0-9]+)?");

    private final String id = Ids.next("bld");
    private final ProjectImages images;
    private final Sandboxes sandboxes;
    private final ProjectId project;
    private final BuildRequest request;
    private final Deque<Bench> benches = new ArrayDeque<>();
    private final Map<Files, Bench> opened = new HashMap<>();
    private final Instant deadline;

    BuildSite(
            ProjectImages images,
            Sandboxes sandboxes,
            ProjectId project,
            BuildRequest request,
            Instant deadline) {
        this.images = images;
        this.sandboxes = sandboxes;
        this.project = project;
        this.request = request;
        this.deadline = deadline;
    }

    /// The files at one point of a build: those of an image, or what a step has made of them.
    record Files(String pinnedImage, Optional<SnapshotId> step) {}

    /// Where a stage stands: `key` is that of `files`.
    record Point(StepKey key, Files files, ImageConfig config, StageScope scope) {
        Point after(StepKey newKey, SnapshotId step) {
            var made = new Files(files.pinnedImage(), Optional.of(step));
            return new Point(newKey, made, config, scope);
        }
    }

    ProjectId project() {
        return project;
    }

    BuildRequest request() {
        return request;
    }

    private BuildSteps steps() {
        return sandboxes.builds();
    }

    /// What is left of the build's time; fails when there is nothing left.
    Duration timeLeft(int line) {
        Duration left = Duration.between(Instant.now(), deadline);
        if (left.isNegative() || left.isZero()) {
            throw new CarrelException(
                    ErrorCode.BUILD_FAILED,
                    "the build took more than %d minutes, which is the limit; it was at line %d"
                            .formatted(ImageBuilds.TIME_MAX.toMinutes(), line));
        }
        return left;
    }

    /// The image of this name; pulls or builds what is not here.
    Point image(String name, BuildListener listener) throws InterruptedException {
        String pinned;
        try {
            pinned = images.pin(project, name);
        } catch (CarrelException e) {
            if (e.code() != ErrorCode.UNAVAILABLE) {
                throw e;
            }
            images.pull(project, name, Optional.empty(), listener::progress);
            pinned = images.pin(project, name);
        }
        Image image = images.pinned(pinned);
        return new Point(
                StepKey.ofBase(image.identity() + "\0" + request.internet()),
                new Files(pinned, Optional.empty()),
                image.config(),
                StageScope.NONE);
    }

    /// Fails with `INVALID_REQUEST` where the Dockerfile has named a user that the files lack.
    void requireUser(Point end) {
        Optional<Instruction.User> said = end.scope().user();
        String user = end.config().user();
        if (said.isEmpty() || user.isEmpty() || NUMBERS.matcher(user).matches()) {
            return;
        }
        try {
            Account.of(user, open(end.files()).files());
        } catch (CarrelException e) {
            throw new CarrelException(
                    e.code(),
                    "line %d of the Dockerfile, %s: %s"
                            .formatted(said.get().line(), said.get().text(), e.text()),
                    e);
        }
    }

    /// A new sandbox with these files.
    Bench begin(Files files) {
        Duration ttl = Duration.between(Instant.now(), deadline).plus(SPARE);
        Sandbox made =
                steps().begin(
                                project,
                                "build of " + request.name(),
                                files.pinnedImage(),
                                files.step(),
                                new NetworkPolicy(
                                        request.internet(), List.of(), List.of(), List.of()),
                                ttl.isNegative() ? SPARE : ttl);
        var bench = new Bench(sandboxes, project, made.id());
        benches.push(bench);
        return bench;
    }

    /// A sandbox with these files to copy from, the same one each time.
    Bench open(Files files) {
        Bench known = opened.get(files);
        if (known == null) {
            known = begin(files);
            opened.put(files, known);
        }
        return known;
    }

    Optional<SnapshotId> find(StepKey key) {
        return request.isFresh() ? Optional.empty() : steps().find(id, project, key.hex());
    }

    SnapshotId save(Bench bench, StepKey key) {
        return steps().save(id, project, bench.id(), key.hex());
    }

    @Override
    public void close() {
        try {
            benches.forEach(Bench::close);
        } finally {
            steps().end(id);
        }
    }
}
