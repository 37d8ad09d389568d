package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.http.EventSink;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.Hold;
import dev.carrel.sandbox.OutputPlace;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.store.ProjectId;
import dev.carrel.telemetry.Metrics;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.ExecutionSummary;
import dev.carrel.wire.Json;
import dev.carrel.wire.KillRequest;
import dev.carrel.wire.OutputChunk;
import dev.carrel.wire.Signal;
import dev.carrel.wire.StdinRequest;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// Commands in sandboxes.
final class ExecutionRoutes {
    private static final String ALL = "/v1/sandboxes/{id}/executions";
    private static final String ONE = ALL + "/{execution}";

    /// A command line and its standard input fit in with room for their escapes.
    private static final long BODY_BYTES_MAX = 8 << 20;

    /// How long a command may take to read what it was given before.
    private static final Duration INPUT_WAIT = Duration.ofSeconds(5);

    private final Sandboxes sandboxes;
    private final Metrics metrics;
    private final Idempotency once;

    ExecutionRoutes(Sandboxes sandboxes, Metrics metrics, Idempotency once) {
        this.sandboxes = sandboxes;
        this.metrics = metrics;
        this.once = once;
    }

    List<Route> routes() {
        return List.of(
                executeRoute(),
                Route.of(
                        GET,
                        ALL,
                        RouteDoc.of("List commands, running and ended, newest first")
                                .gives(200, Lists.of(ExecutionSummary.class))
                                .query("limit", "integer", "How many at most, 50 if absent")
                                .query("cursor", "string", "The next_cursor of the list before"),
                        this::list),
                Route.of(
                        GET,
                        ONE,
                        placed("Read a command and what it has written so far")
                                .gives(200, ExecutionInfo.class),
                        this::get),
                Route.of(
                        GET,
                        ONE + "/stream",
                        placed("Follow a command's output, from any byte, to its end")
                                .header(
                                        ExecutionInputs.LAST_EVENT_ID,
                                        "string",
                                        "The id of the last event seen")
                                .givesBytes(RouteDoc.EVENTS),
                        this::stream),
                bytesRoute(Execution.Stream.STDOUT),
                bytesRoute(Execution.Stream.STDERR),
                once.post(
                        ONE + "/stdin",
                        RouteDoc.of("Send more input, 64 KiB at most, all of it or none")
                                .takes(StdinRequest.class),
                        this::stdin),
                once.post(
                        ONE + "/kill",
                        RouteDoc.of("Send a signal to a command's process group")
                                .takes(KillRequest.class),
                        this::kill),
                once.post(
                        "/v1/sandboxes/{id}/kill",
                        RouteDoc.of("Kill every process in a sandbox, which runs on"),
                        this::killAll));
    }

    private Route executeRoute() {
        return once.postThatFinds(
                        "/v1/sandboxes/{id}/execute",
                        RouteDoc.of("Run a command; a non-zero exit is an answer, too")
                                .takes(ExecuteRequest.class)
                                .gives(200, ExecutionInfo.class)
                                .orEvents(),
                        this::execute)
                .withBodyBytesMax(BODY_BYTES_MAX);
    }

    private Route bytesRoute(Execution.Stream stream) {
        return Route.of(
                GET,
                ONE + "/" + stream.name().toLowerCase(Locale.ROOT),
                RouteDoc.of(
                                "Read the bytes of an output as they are, those that there are now;"
                                        + " x-output-start and x-output-next say which")
                        .givesBytes(RouteDoc.BYTES)
                        .query("from", "integer", "The byte to begin with, 0 if absent"),
                request -> bytes(request, stream));
    }

    private Response bytes(Request request, Execution.Stream stream) {
        long from = request.number("from", 0, 0, Long.MAX_VALUE);
        var content = new ByteArrayOutputStream();
        var start = new long[] {from};
        long next =
                execution(request)
                        .read(
                                stream,
                                from,
                                (place, bytes) -> {
                                    if (place != start[0] + content.size()) {
                                        content.reset(); // what is no longer kept leaves no hole
                                        start[0] = place;
                                    }
                                    content.writeBytes(bytes);
                                });
        return Response.bytes(200, RouteDoc.BYTES, content.toByteArray())
                .withHeader("x-output-start", Long.toString(Math.min(start[0], next)))
                .withHeader("x-output-next", Long.toString(next));
    }

    private static RouteDoc placed(String summary) {
        return RouteDoc.of(summary)
                .query("stdout_from", "integer", "The byte of stdout to begin with, 0 if absent")
                .query("stderr_from", "integer", "The byte of stderr to begin with, 0 if absent");
    }

    private Response execute(Request request) throws InterruptedException {
        ExecuteRequest body = request.json(ExecuteRequest.class);
        ProjectId project = Inputs.project(request);
        SandboxId sandbox = Inputs.sandbox(request.path("id"));
        ExecutionId id = ExecutionInputs.id(request);
        ExecutionRequest command = ExecutionInputs.command(body);
        if (body.background().orElse(false)) {
            Execution begun = sandboxes.startInBackground(project, sandbox, id, command);
            return Response.json(200, ExecutionInfos.of(begun.result()));
        }
        Execution execution = sandboxes.start(project, sandbox, id, command);
        if (request.wantsEvents()) {
            return Response.events(
                    sink -> stream(project, sandbox, execution, OutputPlace.START, sink));
        }
        return Response.json(200, ended(execution.follow(Execution.OutputListener.NONE)));
    }

    private Response list(Request request) {
        return Response.json(
                200,
                Lists.from(
                        sandboxes.executions(
                                Inputs.project(request),
                                Inputs.sandbox(request.path("id")),
                                Inputs.limit(request),
                                request.query("cursor")),
                        ExecutionInfos::of));
    }

    private Response get(Request request) {
        return Response.json(
                200, ExecutionInfos.of(execution(request).result(ExecutionInputs.place(request))));
    }

    private Execution execution(Request request) {
        return sandboxes.execution(
                Inputs.project(request),
                Inputs.sandbox(request.path("id")),
                Inputs.execution(request.path("execution")));
    }

    private Response stream(Request request) {
        Execution execution = execution(request);
        OutputPlace from = ExecutionInputs.place(request);
        ProjectId project = Inputs.project(request);
        SandboxId sandbox = Inputs.sandbox(request.path("id"));
        return Response.events(sink -> stream(project, sandbox, execution, from, sink));
    }

    private void stream(
            ProjectId project,
            SandboxId sandbox,
            Execution execution,
            OutputPlace from,
            EventSink sink)
            throws InterruptedException {
        sink.open();
        if (!execution.isRunning()) {
            tell(execution, from, sink);
            return;
        }
        try (Hold _ = sandboxes.hold(project, sandbox)) {
            tell(execution, from, sink);
        }
    }

    private void tell(Execution execution, OutputPlace from, EventSink sink)
            throws InterruptedException {
        var events = new OutputEvents(from, sink);
        ExecutionResult result = execution.follow(from, events);
        sink.send("exit", Json.text(ended(result)));
    }

    /// Tells output as it comes. The id of each event is the place in both streams after it.
    private static final class OutputEvents implements Execution.OutputListener {
        private final EventSink sink;
        private OutputPlace place;

        OutputEvents(OutputPlace from, EventSink sink) {
            this.place = from;
            this.sink = sink;
        }

        @Override
        public void output(Execution.Stream stream, String text) {
            output(stream, text, place.of(stream));
        }

        @Override
        public void output(Execution.Stream stream, String text, long end) {
            place =
                    switch (stream) {
                        case STDOUT -> new OutputPlace(end, place.stderr());
                        case STDERR -> new OutputPlace(place.stdout(), end);
                    };
            String id = place.stdout() + "-" + place.stderr();
            sink.send(id, stream.name().toLowerCase(Locale.ROOT), Json.text(new OutputChunk(text)));
        }
    }

    private Response stdin(Request request) throws InterruptedException {
        StdinRequest body = request.json(StdinRequest.class);
        byte[] bytes = ExecutionInputs.input(body);
        execution(request)
                .write(
                        bytes,
                        body.eof().orElse(false) ? Execution.More.LAST : Execution.More.FOLLOWS,
                        INPUT_WAIT);
        return Response.noContent();
    }

    private Response kill(Request request) {
        KillRequest body = request.json(KillRequest.class);
        execution(request).signal(body.signal().orElse(Signal.KILL).number());
        return Response.noContent();
    }

    private Response killAll(Request request) {
        sandboxes.killAll(Inputs.project(request), Inputs.sandbox(request.path("id")));
        return Response.noContent();
    }

    private ExecutionInfo ended(ExecutionResult result) {
        String status = result.status().wireName();
        metrics.record("carrel.executions", result.duration(), "status", status);
        return ExecutionInfos.of(result);
    }
}
