package dev.carrel.api;

import static dev.carrel.http.HttpMethod.PUT;

import dev.carrel.build.BuildListener;
import dev.carrel.build.BuildRequest;
import dev.carrel.build.ImageBuild;
import dev.carrel.build.ImageBuilds;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.EventSink;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.image.ImageEntry;
import dev.carrel.image.Images.Progress;
import dev.carrel.sandbox.ArchiveFormat;
import dev.carrel.sandbox.Execution;
import dev.carrel.wire.BuildNote;
import dev.carrel.wire.BuildOutput;
import dev.carrel.wire.BuildStep;
import dev.carrel.wire.ImageInfo;
import dev.carrel.wire.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Building images out of a Dockerfile and the files beside it.
final class BuildRoutes {
    /// Of a context as it is sent.
    static final long CONTEXT_BYTES_MAX = 2L << 30;

    private static final String ARGUMENT = "arg.";

    private final ImageBuilds builds;

    BuildRoutes(ImageBuilds builds) {
        this.builds = builds;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                                PUT,
                                "/v1/images/{name...}",
                                RouteDoc.of("Build an image of a context: a tar with a Dockerfile")
                                        .takesBytes(ArchiveFormat.TAR_GZ.contentType())
                                        .gives(201, ImageInfo.class)
                                        .orEvents()
                                        .query(
                                                "dockerfile",
                                                "string",
                                                "Its path in the context, Dockerfile if absent")
                                        .query("arg.{name}", "string", "A value for an ARG")
                                        .query("cache", "boolean", "false does every step anew")
                                        .query("internet", "boolean", "false gives steps none"),
                                this::build)
                        .withBodyBytesMax(CONTEXT_BYTES_MAX));
    }

    private Response build(Request request) throws InterruptedException {
        var wanted =
                new BuildRequest(
                        request.path("name"),
                        request.query("dockerfile").orElse(BuildRequest.DOCKERFILE_DEFAULT),
                        arguments(request),
                        request.query("cache").isPresent() && !request.flag("cache"),
                        request.query("internet").isEmpty() || request.flag("internet"));
        ImageBuild build = builds.receive(Inputs.project(request), wanted, request.stream());
        if (request.wantsEvents()) {
            return Response.events(sink -> {
                ImageEntry made;
                try (build) {
                    sink.open();
                    made = build.run(new Events(sink));
                }
                sink.send("image", Json.text(ImageRoutes.info(made)));
            });
        }
        return Response.awaited(() -> {
            try (build) {
                return Response.json(201, ImageRoutes.info(build.run(BuildListener.NONE)));
            }
        });
    }

    private static Map<String, String> arguments(Request request) {
        var arguments = new HashMap<String, String>();
        request.query()
                .forEach((name, value) -> {
                    if (name.startsWith(ARGUMENT)) {
                        if (value.indexOf('\0') >= 0) {
                            throw CarrelException.ofParam(
                                    ErrorCode.INVALID_REQUEST,
                                    name,
                                    "no value of an ARG has a NUL");
                        }
                        arguments.put(name.substring(ARGUMENT.length()), value);
                    }
                });
        return arguments;
    }

    /// Tells the build as it goes on.
    private record Events(EventSink sink) implements BuildListener {
        @Override
        public void step(Step step) {
            var shown =
                    new BuildStep(
                            step.number(), step.total(), step.line(), step.text(), step.isCached());
            sink.send("step", Json.text(shown));
        }

        @Override
        public void output(Execution.Stream stream, String text) {
            var shown = new BuildOutput(stream.name().toLowerCase(Locale.ROOT), text);
            sink.send("output", Json.text(shown));
        }

        @Override
        public void note(int line, String text) {
            sink.send("note", Json.text(new BuildNote(line, text)));
        }

        @Override
        public void progress(Progress progress) {
            sink.send("progress", Json.text(ImageRoutes.progress(progress)));
        }
    }
}
