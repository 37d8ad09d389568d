package dev.carrel.client;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.wire.ImageInfo;
import dev.carrel.wire.ImageProgress;
import dev.carrel.wire.ImageRequest;
import dev.carrel.wire.Json;
import dev.carrel.wire.Listing;
import dev.carrel.wire.PruneInfo;
import dev.carrel.wire.PruneRequest;
import java.io.IOException;
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
