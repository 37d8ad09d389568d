package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.EventSink;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.FileEvent;
import dev.carrel.sandbox.FilePath;
import dev.carrel.sandbox.FileWatch;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.wire.Json;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/// `/v1/sandboxes/{id}/watch`: events of files as they happen.
final class WatchRoutes {
    /// Each has a thread and one of the host's inotify instances, of which there may be 128.
    static final int WATCHES_MAX = 64;

    static final int WATCHES_PER_SANDBOX_MAX = 8;

    private static final String DIRECTORY_DEFAULT = "/workspace";

    /// Pings and a client's end are not this loop's business: it only must not wait for ever.
    private static final Duration WAIT_MAX = Duration.ofMinutes(5);

    private final Sandboxes sandboxes;
    private final Semaphore all = new Semaphore(WATCHES_MAX);
    private final Map<SandboxId, Integer> bySandbox = new ConcurrentHashMap<>();

    WatchRoutes(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                        GET,
                        "/v1/sandboxes/{id}/watch",
                        RouteDoc.of("Follow what happens to the files of a directory")
                                .givesBytes(RouteDoc.EVENTS)
                                .query("path", "string", "A directory, /workspace if absent")
                                .query("recursive", "boolean", "All directories below, too"),
                        this::watch));
    }

    private Response watch(Request request) {
        SandboxId id = Inputs.sandbox(request.path("id"));
        SandboxFiles files = sandboxes.files(Inputs.project(request), id);
        String path = request.query("path").orElse(DIRECTORY_DEFAULT);
        boolean recursive = request.flag("recursive");
        return Response.events(sink -> counted(id, () -> follow(files, path, recursive, sink)));
    }

    /// A stream as long as it is open.
    private interface Following {
        void run() throws InterruptedException;
    }

    private void counted(SandboxId id, Following following) throws InterruptedException {
        if (!all.tryAcquire()) {
            throw tooMany("this server has", WATCHES_MAX);
        }
        try {
            if (bySandbox.merge(id, 1, Integer::sum) > WATCHES_PER_SANDBOX_MAX) {
                throw tooMany("this sandbox has", WATCHES_PER_SANDBOX_MAX);
            }
            following.run();
        } finally {
            bySandbox.computeIfPresent(id, (_, count) -> count > 1 ? count - 1 : null);
            all.release();
        }
    }

    private static CarrelException tooMany(String who, int most) {
        return new CarrelException(
                ErrorCode.TOO_MANY_WATCHES,
                "%s %d watches already, which is the limit; end one".formatted(who, most));
    }

    private static void follow(SandboxFiles files, String path, boolean recursive, EventSink sink)
            throws InterruptedException {
        try (FileWatch watch = files.watch(path, recursive)) {
            sink.open();
            while (!sink.isClosing()) {
                Optional<FileEvent> event = watch.next(WAIT_MAX);
                if (event.isPresent()) {
                    sink.send(name(event.get()), json(event.get()));
                    if (event.get() instanceof FileEvent.Closed) {
                        return;
                    }
                }
            }
        }
    }

    private static String name(FileEvent event) {
        return event.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    private static String json(FileEvent event) {
        return switch (event) {
            case FileEvent.Created(String path, boolean directory) -> entry(path, directory);
            case FileEvent.Deleted(String path, boolean directory) -> entry(path, directory);
            case FileEvent.Attributes(String path, boolean directory) -> entry(path, directory);
            case FileEvent.Modified(String path) -> entry(path, false);
            case FileEvent.Moved(String from, String to, boolean directory) -> {
                Map<String, Object> fields = new LinkedHashMap<>();
                putPath(fields, "from", "from_url_path", from);
                putPath(fields, "to", "to_url_path", to);
                fields.put("directory", directory);
                yield Json.text(fields);
            }
            case FileEvent.Overflow(String reason) -> Json.text(Map.of("reason", reason));
            case FileEvent.Closed(FileEvent.Reason reason) ->
                    Json.text(Map.of("reason", reason.name().toLowerCase(Locale.ROOT)));
        };
    }

    private static String entry(String path, boolean directory) {
        Map<String, Object> fields = new LinkedHashMap<>();
        putPath(fields, "path", "url_path", path);
        fields.put("directory", directory);
        return Json.text(fields);
    }

    // A name that cannot be shown as it is has another form, by which it can be reached.
    private static void putPath(
            Map<String, Object> fields, String shownName, String urlName, String path) {
        String shown = FilePath.shown(path);
        fields.put(shownName, shown);
        if (!shown.equals(path)) {
            fields.put(urlName, FilePath.inUrl(path));
        }
    }
}
