package dev.carrel.api;

import static dev.carrel.http.HttpMethod.DELETE;
import static dev.carrel.http.HttpMethod.GET;
import static dev.carrel.http.HttpMethod.PUT;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.wire.FileInfo;
import dev.carrel.wire.Listing;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Files of sandboxes. Paths go to the sandbox as they came, decoded once: what `..` and links mean
/// is decided there, where nothing can lead out.
final class FileRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(FileRoutes.class);
    private static final String PATH = "/v1/sandboxes/{id}/files/{path...}";

    /// Of one upload; the sandbox's disk limit is usually nearer.
    private static final long UPLOAD_BYTES_MAX = 16L << 30;

    /// Files up to this size are read first and sent with their length, larger ones as they are
    /// read: their size may change meanwhile, and a wrong length would break the answer.
    private static final int WHOLE_BYTES_MAX = 256 << 10;

    private static final int ENTRIES_DEFAULT = 1_000;
    private static final int ENTRIES_MAX = 10_000;

    /// How far into a listing its pages reach.
    private static final int ENTRIES_SEEN_MAX = 1_000_000;

    private final Sandboxes sandboxes;

    FileRoutes(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                        GET,
                        PATH,
                        RouteDoc.of("Read a file; with stat or list, what is there instead")
                                .givesBytes(RouteDoc.BYTES)
                                .query("stat", "boolean", "Answer with the entry itself, as JSON")
                                .query("list", "boolean", "Answer with a directory's entries")
                                .query("recursive", "boolean", "List what is below, too")
                                .query("limit", "integer", "Entries at most, 1000 if absent")
                                .query("cursor", "string", "The next_cursor of the list before"),
                        this::get),
                Route.of(
                                PUT,
                                PATH,
                                RouteDoc.of("Write a file whole, making its parents")
                                        .takesBytes(RouteDoc.BYTES)
                                        .gives(200, FileInfo.class),
                                this::put)
                        .withBodyBytesMax(UPLOAD_BYTES_MAX),
                Route.of(
                        DELETE,
                        PATH,
                        RouteDoc.of("Delete a file, or a directory with all in it"),
                        this::delete));
    }

    private SandboxFiles files(Request request) {
        return sandboxes.files(Inputs.project(request), Inputs.sandbox(request.path("id")));
    }

    private static String path(Request request) {
        return "/" + request.path("path");
    }

    private Response get(Request request) {
        if (request.flag("stat")) {
            return Response.json(200, info(files(request).stat(path(request))));
        }
        if (request.flag("list")) {
            return Response.json(200, list(request));
        }
        return read(files(request).read(path(request), 0));
    }

    /// What is opened here is closed here, or by whoever sends the answer.

    private static Response read(InputStream content) {
        try {
            byte[] start = content.readNBytes(WHOLE_BYTES_MAX + 1);
            if (start.length <= WHOLE_BYTES_MAX) {
                content.close();
                return Response.bytes(200, RouteDoc.BYTES, start);
            }
            InputStream whole = new SequenceInputStream(new ByteArrayInputStream(start), content);
            return Response.stream(RouteDoc.BYTES, whole, OptionalLong.empty());
        } catch (IOException e) {
            close(content);
            throw new CarrelException(
                    ErrorCode.SANDBOX_FAILED, "The file could not be read to its end", e);
        }
    }

    private static void close(InputStream content) {
        try {
            content.close();
        } catch (IOException e) {
            LOG.debug("closing a file that failed to be read", e);
        }
    }

    private Listing<FileInfo> list(Request request) {
        int limit = (int) request.number("limit", ENTRIES_DEFAULT, 1, ENTRIES_MAX);
        Optional<String> after = request.query("cursor");
        List<FileStat> found =
                files(request)
                        .list(
                                path(request),
                                request.flag("recursive"),
                                after.isPresent() ? ENTRIES_SEEN_MAX : limit);
        List<FileInfo> page =
                found.stream()
                        .filter(entry -> after.isEmpty() || entry.path().compareTo(after.get()) > 0)
                        .limit(limit + 1L)
                        .map(FileRoutes::info)
                        .toList();
        return page.size() <= limit
                ? Listing.whole(page)
                : new Listing<>(page.subList(0, limit), Optional.of(page.get(limit - 1).path()));
    }

    private Response put(Request request) {
        SandboxFiles files = files(request);
        files.write(path(request), request.stream());
        return Response.json(200, info(files.stat(path(request))));
    }

    private Response delete(Request request) {
        files(request).delete(path(request));
        return Response.noContent();
    }

    private static FileInfo info(FileStat stat) {
        return new FileInfo(
                stat.path(),
                stat.type().name().toLowerCase(Locale.ROOT),
                stat.sizeBytes(),
                "%04o".formatted(stat.mode() & 07777),
                stat.owner(),
                stat.group(),
                stat.modifiedAt(),
                stat.linkTarget());
    }
}
