package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;
import static dev.carrel.http.HttpMethod.PUT;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.ArchiveFormat;
import dev.carrel.sandbox.Packing;
import dev.carrel.sandbox.SandboxFiles;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.Unpacked;
import dev.carrel.sandbox.Unpacking;
import dev.carrel.wire.UnpackInfo;
import java.util.List;

/// Trees of files as one stream, out of a sandbox and into it.
final class ArchiveRoutes {
    private static final String PATH = "/v1/sandboxes/{id}/archive";
    private static final String DIRECTORY_DEFAULT = "/workspace";

    /// Of one archive as it is sent; the sandbox's disk limit is usually nearer.
    private static final long UPLOAD_BYTES_MAX = 16L << 30;

    private final Sandboxes sandboxes;

    ArchiveRoutes(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                        GET,
                        PATH,
                        RouteDoc.of("Read a directory with all in it as tar.gz or zip")
                                .givesBytes(ArchiveFormat.TAR_GZ.contentType())
                                .query("path", "string", "/workspace if absent")
                                .query("format", "string", "tar.gz (if absent) or zip"),
                        this::pack),
                Route.of(
                                PUT,
                                PATH,
                                RouteDoc.of("Unpack a tar, tar.gz or zip below a directory")
                                        .takesBytes(ArchiveFormat.TAR_GZ.contentType())
                                        .gives(200, UnpackInfo.class)
                                        .query("path", "string", "/workspace if absent; is made")
                                        .query(
                                                "keep_owners",
                                                "boolean",
                                                "Owners as in the archive, instead of root")
                                        .query(
                                                "any_links",
                                                "boolean",
                                                "Take links that lead out of the directory"),
                                this::unpack)
                        .withBodyBytesMax(UPLOAD_BYTES_MAX));
    }

    private SandboxFiles files(Request request) {
        return sandboxes.files(Inputs.project(request), Inputs.sandbox(request.path("id")));
    }

    private static String path(Request request) {
        return request.query("path").orElse(DIRECTORY_DEFAULT);
    }

    private Response pack(Request request) {
        ArchiveFormat format = format(request);
        SandboxFiles files = files(request);
        String path = path(request);
        return Response.written(format.contentType(), out -> Packing.pack(files, path, format, out))
                .withHeader("Content-Disposition", "attachment");
    }

    private static ArchiveFormat format(Request request) {
        String accepted = request.header("accept").orElse("");
        boolean zip = accepted.contains(ArchiveFormat.ZIP.contentType());
        return switch (request.query("format").orElse(zip ? "zip" : "tar.gz")) {
            case "tar.gz", "tgz" -> ArchiveFormat.TAR_GZ;
            case "zip" -> ArchiveFormat.ZIP;
            default ->
                    throw CarrelException.ofParam(
                            ErrorCode.INVALID_REQUEST, "format", "format must be tar.gz or zip");
        };
    }

    private Response unpack(Request request) {
        var rules = new Unpacking.Rules(request.flag("keep_owners"), request.flag("any_links"));
        Unpacked done = Unpacking.unpack(files(request), path(request), request.stream(), rules);
        return Response.json(200, new UnpackInfo(done.entries(), done.bytes()));
    }
}
