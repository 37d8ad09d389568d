package dev.carrel.client;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.BuildNote;
import dev.carrel.wire.BuildOutput;
import dev.carrel.wire.BuildSettings;
import dev.carrel.wire.BuildStep;
import dev.carrel.wire.ImageInfo;
import dev.carrel.wire.ImageProgress;
import dev.carrel.wire.ImageRequest;
import dev.carrel.wire.Json;
import dev.carrel.wire.Listing;
import dev.carrel.wire.PruneInfo;
import dev.carrel.wire.PruneRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/// The calls on images.
public final class ImageCalls {
    private static final String ROOT = "/v1/images";

    /// How long a pull may take.
    private static final Duration PULL_MAX = Duration.ofMinutes(31);

    /// The same of a build.
    private static final Duration BUILD_MAX = Duration.ofMinutes(61);

    private final CarrelClient client;
    private final Transport transport;

    ImageCalls(CarrelClient client, Transport transport) {
        this.client = client;
        this.transport = transport;
    }

    public Listing<ImageInfo> list() {
        return client.list(ROOT, ImageInfo.class);
    }

    public ImageInfo get(String name) {
        return client.get(path(name), ImageInfo.class);
    }

    /// Pulls an image, or builds a recipe, and waits for the end of it.
    public ImageInfo pull(ImageRequest request, Consumer<ImageProgress> progress) {
        HttpRequest.Builder http =
                client.jsonRequest(ROOT)
                        .header("Accept", "text/event-stream")
                        .POST(Transport.json(request));
        try (var events = new SseReader(transport.open(http, PULL_MAX).body())) {
            for (Optional<SseReader.Item> item = events.next();
                    item.isPresent();
                    item = events.next()) {
                String data = item.get().data();
                switch (item.get().name()) {
                    case "progress" ->
                            progress.accept(Json.lenient().readValue(data, ImageProgress.class));
                    case "image" -> {
                        return Json.lenient().readValue(data, ImageInfo.class);
                    }
                    case "error" ->
                            throw Transport.failure(0, data.getBytes(StandardCharsets.UTF_8));
                    default -> {} // a newer server may say more
                }
            }
        } catch (IOException e) {
            throw transport.unreachable(e);
        }
        throw new CarrelException(
                ErrorCode.UNAVAILABLE,
                "The server ended the stream before the pull; ask again to follow it");
    }

    /// Hears how a build goes on.
    public interface BuildProgress {
        void step(BuildStep step);

        void output(BuildOutput output);

        void note(BuildNote note);

        /// How far the image that the build begins on is.
        void base(ImageProgress progress);
    }

    /// Builds an image of a context, a tar or tar.gz with a Dockerfile, and waits for the end of
    /// it. The stream is read once and closed.
    public ImageInfo build(
            String name, BuildSettings settings, InputStream context, BuildProgress progress) {
        HttpRequest.Builder http =
                transport
                        .request(path(name) + query(settings))
                        .header("Accept", "text/event-stream")
                        .header("Content-Type", "application/gzip")
                        .PUT(HttpRequest.BodyPublishers.ofInputStream(() -> context));
        try (var events = new SseReader(transport.open(http, BUILD_MAX).body())) {
            for (Optional<SseReader.Item> item = events.next();
                    item.isPresent();
                    item = events.next()) {
                String data = item.get().data();
                switch (item.get().name()) {
                    case "step" -> progress.step(read(data, BuildStep.class));
                    case "output" -> progress.output(read(data, BuildOutput.class));
                    case "note" -> progress.note(read(data, BuildNote.class));
                    case "progress" -> progress.base(read(data, ImageProgress.class));
                    case "image" -> {
                        return read(data, ImageInfo.class);
                    }
                    case "error" ->
                            throw Transport.failure(0, data.getBytes(StandardCharsets.UTF_8));
                    default -> {} // a newer server may say more
                }
            }
        } catch (IOException e) {
            throw transport.unreachable(e);
        }
        throw new CarrelException(
                ErrorCode.UNAVAILABLE, "The server ended the stream before the build; build again");
    }

    private static <T> T read(String data, Class<T> type) throws IOException {
        return Json.lenient().readValue(data, type);
    }

    private static String query(BuildSettings settings) {
        var query = new StringBuilder("?dockerfile=");
        query.append(CarrelClient.segment(settings.dockerfile()));
        query.append("&cache=").append(settings.cache());
        query.append("&internet=").append(settings.internet());
        settings.arguments()
                .forEach((name, value) ->
                        query.append("&arg.")
                                .append(CarrelClient.segment(name))
                                .append('=')
                                .append(CarrelClient.segment(value)));
        return query.toString();
    }

    public void remove(String name) {
        client.delete(path(name));
    }

    /// Removes images that nobody has used for so long.
    public PruneInfo prune(Duration unusedFor) {
        var request = new PruneRequest(Optional.of(unusedFor.toSeconds()));
        return client.post(ROOT + "/prune", request, PruneInfo.class);
    }

    private static String path(String name) {
        return ROOT + "/" + CarrelClient.segment(name).replace("%2F", "/");
    }
}
