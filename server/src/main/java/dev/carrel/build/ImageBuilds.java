package dev.carrel.build;

import dev.carrel.build.BuildSite.Files;
import dev.carrel.build.BuildSite.Point;
import dev.carrel.image.ImageEntry;
import dev.carrel.image.PartsHash;
import dev.carrel.image.ProjectImages;
import dev.carrel.sandbox.Resources;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Builds images out of Dockerfiles. Each command runs in a sandbox like any other; nothing of a
/// build runs on the host. Any thread may call it.
public final class ImageBuilds implements AutoCloseable {
    /// One build, from the arrival of its context on.
    public static final Duration TIME_MAX = Duration.ofMinutes(60);

    public static final int AT_ONCE_MAX = 4;

    /// So that one project never keeps all others from building.
    public static final int PER_PROJECT_MAX = 2;

    /// Of the files that an image has beyond those of its base.
    public static final long CHANGES_BYTES_MAX = (long) Resources.DEFAULT.diskMib() << 20;

    /// Steps that no build has used for so long go.
    static final Duration STEPS_UNUSED_MAX = Duration.ofDays(7);

    private static final Duration ROUND_EVERY = Duration.ofHours(1);
    private static final Logger LOG = LoggerFactory.getLogger(ImageBuilds.class);

    private final ProjectImages images;
    private final Sandboxes sandboxes;
    private final BuildTable table;
    private final String contextImage;
    private final BuildTurns turns = new BuildTurns();
    private final CountDownLatch closed = new CountDownLatch(1);

    /// `contextImage` is any image that is here: contexts are unpacked in sandboxes of it, in which
    /// nothing runs.
    public ImageBuilds(
            ProjectImages images, Sandboxes sandboxes, Store store, String contextImage) {
        this.images = images;
        this.sandboxes = sandboxes;
        this.table = new BuildTable(store);
        this.contextImage = contextImage;
    }

    /// Takes the context of a build, a tar or tar.gz, and returns when it is here. Fails as
    /// [dev.carrel.sandbox.Unpacking] does, and with `INVALID_REQUEST` or `CONFLICT` for the name.
    public ImageBuild receive(ProjectId project, BuildRequest request, InputStream context) {
        images.requireFree(request.name());
        var site = new BuildSite(images, sandboxes, project, request, Instant.now().plus(TIME_MAX));
        boolean complete = false;
        try {
            var files = new Files(images.pin(project, contextImage), Optional.empty());
            ImageBuild build = ImageBuild.receive(this, site, site.begin(files), context);
            complete = true;
            return build;
        } finally {
            if (!complete) {
                site.close();
            }
        }
    }

    /// Until what is returned is closed, nobody else builds this name.
    BuildTurns.Turn enter(BuildSite site) {
        return turns.take(site.project(), site.request().name());
    }

    /// Makes the image of the files at this point, or finds the one that was made before.
    ImageEntry commit(BuildSite site, Point end) {
        ProjectId project = site.project();
        String name = site.request().name();
        var config = end.config();
        StepKey key =
                end.key()
                        .then(
                                "IMAGE",
                                PartsHash.of(config.env()),
                                config.user(),
                                config.workingDirectory(),
                                PartsHash.of(config.labels()));
        Optional<ImageEntry> known =
                site.request().isFresh()
                        ? Optional.empty()
                        : table.find(project, key)
                                .flatMap(digest -> images.commit(project, name, digest));
        return known.orElseGet(() -> {
            site.requireUser(end);
            ImageEntry made =
                    images.commit(
                            project,
                            name,
                            end.files().pinnedImage(),
                            end.files()
                                    .step()
                                    .map(step -> out -> sandboxes.builds().writeLayer(step, out)),
                            CHANGES_BYTES_MAX,
                            config);
            made.image().ifPresent(image -> table.put(project, key, image.digest(), Instant.now()));
            return made;
        });
    }

    /// Removes the steps, of one project or of all, that no build has used for so long: they keep
    /// the images below them.
    public void prune(Optional<ProjectId> project, Duration unusedFor) {
        int steps = sandboxes.builds().prune(project, unusedFor);
        if (project.isEmpty()) {
            table.removeBefore(Instant.now().minus(unusedFor));
        }
        LOG.debug("removed {} steps of builds", steps);
    }

    /// Removes steps unused for 7 days, hourly until [#close].
    public void watch() {
        Thread.ofVirtual()
                .name("build-steps")
                .start(() -> {
                    while (!awaitClosed()) {
                        try {
                            prune(Optional.empty(), STEPS_UNUSED_MAX);
                        } catch (RuntimeException e) {
                            LOG.warn("steps of builds could not be removed, trying later", e);
                        }
                    }
                });
    }

    private boolean awaitClosed() {
        try {
            return closed.await(ROUND_EVERY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            return true; // nobody interrupts this thread but a shutdown
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
