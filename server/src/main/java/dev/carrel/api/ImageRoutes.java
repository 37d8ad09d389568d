package dev.carrel.api;

import static dev.carrel.http.HttpMethod.DELETE;
import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.build.ImageBuilds;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.EventSink;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.image.Credentials;
import dev.carrel.image.ImageEntry;
import dev.carrel.image.Images;
import dev.carrel.image.ProjectImages;
import dev.carrel.store.ProjectId;
import dev.carrel.wire.ImageInfo;
import dev.carrel.wire.ImageProgress;
import dev.carrel.wire.ImageRequest;
import dev.carrel.wire.Json;
import dev.carrel.wire.Listing;
import dev.carrel.wire.PruneInfo;
import dev.carrel.wire.PruneRequest;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// `/v1/images`.
final class ImageRoutes {
    private static final long UNUSED_SECONDS_DEFAULT = ProjectImages.UNUSED_DEFAULT.toSeconds();
    private static final long UNUSED_SECONDS_MAX = Duration.ofDays(3650).toSeconds();

    private final ProjectImages images;
    private final ImageBuilds builds;
    private final Idempotency once;

    ImageRoutes(ProjectImages images, ImageBuilds builds, Idempotency once) {
        this.images = images;
        this.builds = builds;
        this.once = once;
    }

    List<Route> routes() {
        return List.of(
                once.post(
                        "/v1/images",
                        RouteDoc.of("Pull an image, or build a recipe")
                                .takes(ImageRequest.class)
                                .gives(201, ImageInfo.class)
                                .orEvents(),
                        this::pull),
                Route.of(
                        GET,
                        "/v1/images",
                        RouteDoc.of("List the images, by name")
                                .gives(200, Lists.of(ImageInfo.class)),
                        this::list),
                Route.of(
                        GET,
                        "/v1/images/{name...}",
                        RouteDoc.of("Read an image").gives(200, ImageInfo.class),
                        this::get),
                Route.of(
                        DELETE,
                        "/v1/images/{name...}",
                        RouteDoc.of("Forget an image; its files go when nobody uses them"),
                        this::remove),
                once.post(
                        "/v1/images/prune",
                        RouteDoc.of(
                                        "Remove images that nobody uses and no other project has pulled")
                                .takes(PruneRequest.class)
                                .gives(200, PruneInfo.class),
                        this::prune));
    }

    private Response remove(Request request) {
        images.remove(Inputs.project(request), request.path("name"));
        return Response.noContent();
    }

    private Response prune(Request request) {
        long seconds =
                request.json(PruneRequest.class).unusedForSeconds().orElse(UNUSED_SECONDS_DEFAULT);
        if (seconds < 0 || seconds > UNUSED_SECONDS_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "unused_for_seconds",
                    "unused_for_seconds must be from 0 to " + UNUSED_SECONDS_MAX);
        }
        // They keep images.
        builds.prune(Optional.of(Inputs.project(request)), Duration.ofSeconds(seconds));
        ProjectImages.Pruned pruned =
                images.prune(Inputs.project(request), Duration.ofSeconds(seconds));
        return Response.json(200, new PruneInfo(pruned.images(), pruned.bytes() >> 20));
    }

    private Response pull(Request request) throws InterruptedException {
        ImageRequest body = request.json(ImageRequest.class);
        ProjectId project = Inputs.project(request);
        Optional<Credentials> credentials =
                body.credentials()
                        .map(given ->
                                Inputs.valid(
                                        () -> new Credentials(given.username(), given.password())));
        if (request.wantsEvents()) {
            return Response.events(sink -> {
                sink.open();
                ImageEntry entry =
                        images.pull(project, body.image(), credentials, at -> tell(sink, at));
                sink.send("image", Json.text(info(entry)));
            });
        }
        return Response.json(
                201, info(images.pull(project, body.image(), credentials, progress -> {})));
    }

    private static void tell(EventSink sink, Images.Progress progress) {
        sink.send("progress", Json.text(progress(progress)));
    }

    private Response list(Request request) {
        List<ImageInfo> all =
                images.list(Inputs.project(request)).stream().map(ImageRoutes::info).toList();
        return Response.json(200, Listing.whole(all));
    }

    private Response get(Request request) {
        return Response.json(200, info(images.get(Inputs.project(request), request.path("name"))));
    }

    static ImageInfo info(ImageEntry entry) {
        Optional<Images.Image> image = entry.image();
        String state =
                entry.progress().isPresent()
                        ? "pulling"
                        : image.isPresent() ? "ready" : "available";
        return new ImageInfo(
                entry.name(),
                entry.kind().name().toLowerCase(Locale.ROOT),
                state,
                image.map(Images.Image::digest).filter(digest -> !digest.isEmpty()),
                image.map(there -> there.sizeBytes() >> 20),
                image.map(Images.Image::createdAt),
                entry.usedBy(),
                image.map(there -> there.config().env()).orElse(Map.of()),
                image.map(there -> there.config().user()).filter(user -> !user.isEmpty()),
                image.map(there -> there.config().workingDirectory())
                        .filter(directory -> !directory.isEmpty()),
                image.map(there -> there.config().labels()).orElse(Map.of()),
                entry.progress().map(ImageRoutes::progress));
    }

    static ImageProgress progress(Images.Progress progress) {
        double percent = Math.round(progress.fraction() * 1000) / 1000.0;
        return new ImageProgress(percent, progress.step());
    }
}
