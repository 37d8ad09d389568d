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
import dev.carrel.sandbox.CopyResult;
import dev.carrel.sandbox.FileAttributes;
import dev.carrel.sandbox.FilePath;
import dev.carrel.sandbox.FileStat;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.wire.FileChange;
import dev.carrel.wire.FileInfo;
import dev.carrel.wire.FileOperation;
import dev.carrel.wire.Listing;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/// Files of sandboxes. Paths go to the sandbox as they came, decoded once: what `..` and links mean
/// is decided there, where nothing can lead out.
final class FileRoutes {
    private static final String PATH = "/v1/sandboxes/{id}/files/{path...}";

    /// Of one upload; the sandbox's disk limit is usually nearer.
    private static final long UPLOAD_BYTES_MAX = 16L << 30;

    private static final int ENTRIES_DEFAULT = 1_000;
    private static final int ENTRIES_MAX = 10_000;
    private static final int ID_MAX = 65_535;

    private final Sandboxes sandboxes;
    private final Idempotency once;

    FileRoutes(Sandboxes sandboxes, Idempotency once) {
        this.sandboxes = sandboxes;
        this.once = once;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                        GET,
                        PATH,
                        RouteDoc.of("Read a file; with stat or list, what is there instead")
                                .givesBytes(RouteDoc.BYTES)
                                .header("Range", "string", "Read one part: bytes=0-99")
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
                                        .gives(200, FileInfo.class)
                                        .query("mode", "string", "Octal, such as 0755")
                                        .query("owner", "integer", "User id, as seen inside")
                                        .query("group", "integer", "Group id, as seen inside"),
                                this::put)
                        .withBodyBytesMax(UPLOAD_BYTES_MAX),
                once.post(
                        PATH,
                        RouteDoc.of("Make a directory, move, copy or change an entry")
                                .takes(FileOperation.class)
                                .gives(200, FileChange.class)
                                .query("op", "string", "mkdir, move, copy or chmod"),
                        this::change),
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
        return "/" + FilePath.of(request.pathBytes("path"));
    }

    private Response get(Request request) {
        if (request.flag("stat")) {
            return Response.json(200, info(files(request).stat(path(request))));
        }
        if (request.flag("list")) {
            return Response.json(200, list(request));
        }
        return FileAnswer.of(request, files(request).open(path(request)));
    }

    private Listing<FileInfo> list(Request request) {
        int limit = (int) request.number("limit", ENTRIES_DEFAULT, 1, ENTRIES_MAX);
        Optional<String> after = request.query("cursor").map(FileCursor::path);
        List<FileStat> found =
                files(request).list(path(request), request.flag("recursive"), limit, after);
        List<FileInfo> page = found.stream().limit(limit).map(FileRoutes::info).toList();
        return found.size() <= limit
                ? Listing.whole(page)
                : new Listing<>(page, Optional.of(FileCursor.of(found.get(limit - 1).key())));
    }

    private Response put(Request request) {
        FileAttributes attributes =
                attributes(
                        request.query("mode"), number(request, "owner"), number(request, "group"));
        FileStat written = files(request).write(path(request), request.stream(), attributes);
        return Response.json(200, info(written));
    }

    private static Optional<Integer> number(Request request, String name) {
        return request.query(name).map(_ -> (int) request.number(name, 0, 0, ID_MAX));
    }

    private static FileAttributes attributes(
            Optional<String> mode, Optional<Integer> owner, Optional<Integer> group) {
        mode.ifPresent(text -> {
            if (!text.matches("[0-7]{1,5}")) {
                throw CarrelException.ofParam(
                        ErrorCode.INVALID_REQUEST, "mode", "mode must be octal, such as 0755");
            }
        });
        return Inputs.valid(() ->
                new FileAttributes(
                        mode.map(text -> OptionalInt.of(Integer.parseInt(text, 8)))
                                .orElse(OptionalInt.empty()),
                        optional(owner),
                        optional(group)));
    }

    private static OptionalInt optional(Optional<Integer> value) {
        return value.isPresent() ? OptionalInt.of(value.get()) : OptionalInt.empty();
    }

    private Response change(Request request) {
        String path = path(request);
        FileOperation how = request.json(FileOperation.class);
        SandboxFiles files = files(request);
        boolean overwrite = how.overwrite().orElse(false);
        return switch (request.query("op").orElse("")) {
            case "mkdir" -> {
                files.makeDirectory(path);
                yield changeAttributes(files, path, how);
            }
            case "chmod" -> changeAttributes(files, path, required(how));
            case "move" ->
                    changed(files, destination(how), files.move(path, destination(how), overwrite));
            case "copy" ->
                    changed(files, destination(how), files.copy(path, destination(how), overwrite));
            default ->
                    throw CarrelException.ofParam(
                            ErrorCode.INVALID_REQUEST,
                            "op",
                            "op must be mkdir, move, copy or chmod");
        };
    }

    private static FileOperation required(FileOperation how) {
        if (how.mode().isEmpty() && how.owner().isEmpty() && how.group().isEmpty()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST, "mode", "chmod needs mode, owner or group");
        }
        return how;
    }

    private static Response changeAttributes(SandboxFiles files, String path, FileOperation how) {
        FileAttributes attributes = attributes(how.mode(), how.owner(), how.group());
        if (!attributes.equals(FileAttributes.NONE)) {
            files.change(path, attributes, how.recursive().orElse(false));
        }
        return changed(files, path, new CopyResult(1, List.of()));
    }

    private static String destination(FileOperation how) {
        return how.destination()
                .orElseThrow(() ->
                        CarrelException.ofParam(
                                ErrorCode.INVALID_REQUEST,
                                "destination",
                                "move and copy need a destination, an absolute path"));
    }

    private static Response changed(SandboxFiles files, String path, CopyResult result) {
        FileInfo info = info(files.stat(path));
        return Response.json(200, new FileChange(info, result.entries(), result.skipped()));
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
                stat.linkTarget(),
                stat.rawPath().map(FilePath::inUrl));
    }
}
