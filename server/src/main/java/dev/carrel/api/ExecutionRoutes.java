package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;
import static dev.carrel.http.HttpMethod.POST;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.EventSink;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.store.ProjectId;
import dev.carrel.telemetry.Metrics;
import dev.carrel.wire.ExecuteRequest;
import dev.carrel.wire.ExecutionInfo;
import dev.carrel.wire.Json;
import dev.carrel.wire.OutputChunk;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/// Commands in sandboxes.
final class ExecutionRoutes {
    private static final String CWD_DEFAULT = "/workspace";
    private static final int ID_CHARS = 32;

    /// A command line and its standard input fit in with room for their escapes.
    private static final long BODY_BYTES_MAX = 8 << 20;

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
                once.once(
                                Route.of(
                                        POST,
                                        "/v1/sandboxes/{id}/execute",
                                        RouteDoc.of(
                                                        "Run a command; a non-zero exit is an answer, too")
                                                .takes(ExecuteRequest.class)
                                                .gives(200, ExecutionInfo.class)
                                                .orEvents(),
                                        this::execute))
                        .withBodyBytesMax(BODY_BYTES_MAX),
                Route.of(
                        GET,
                        "/v1/sandboxes/{id}/executions/{execution}",
                        RouteDoc.of("Read a command and what it has written so far")
                                .gives(200, ExecutionInfo.class),
                        this::get));
    }

    private Response execute(Request request) throws InterruptedException {
        ExecutionRequest command = command(request.json(ExecuteRequest.class));
        ProjectId project = Inputs.project(request);
        Execution execution =
                sandboxes.start(
                        project, Inputs.sandbox(request.path("id")), id(request, project), command);
        if (request.wantsEvents()) {
            return Response.events(sink -> stream(execution, sink));
        }
        return Response.json(200, ended(execution.follow(Execution.OutputListener.NONE)));
    }

    /// With an `Idempotency-Key` the id follows from it, so that a repeated call finds the command
    /// that the first one started even if the server died in between.
    private static ExecutionId id(Request request, ProjectId project) {
        return Idempotency.key(request)
                .map(key -> {
                    String text = project.value() + "\n" + key;
                    byte[] hash =
                            Idempotency.sha256().digest(text.getBytes(StandardCharsets.UTF_8));
                    String hex = HexFormat.of().formatHex(hash);
                    return new ExecutionId("exe_" + hex.substring(0, ID_CHARS));
                })
                .orElseGet(ExecutionId::next);
    }

    private static ExecutionRequest command(ExecuteRequest body) {
        if (body.background().orElse(false)) {
            throw Inputs.notSupported("background");
        }
        if (body.cache().orElse(false)) {
            throw Inputs.notSupported("cache");
        }
        bounded(
                "command",
                String.join(" ", body.command().argv()),
                ExecutionRequest.COMMAND_BYTES_MAX);
        bounded("stdin", body.stdin().orElse(""), ExecutionRequest.STDIN_BYTES_MAX);
        return Inputs.valid(() ->
                new ExecutionRequest(
                        body.command().argv(),
                        body.cwd().orElse(CWD_DEFAULT),
                        body.env(),
                        body.stdin().orElse(""),
                        body.timeoutSeconds()
                                .map(ExecutionRoutes::timeout)
                                .orElse(ExecutionRequest.TIMEOUT_DEFAULT),
                        ExecutionRequest.OUTPUT_BYTES_DEFAULT));
    }

    private static Duration timeout(double seconds) {
        double millis = Math.ceil(seconds * 1000);
        return Duration.ofMillis(Double.isFinite(millis) ? (long) millis : -1);
    }

    private static void bounded(String field, String text, int bytesMax) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > bytesMax) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    field,
                    "%s has %d bytes, more than the limit of %d; write a file instead"
                            .formatted(field, bytes, bytesMax));
        }
    }

    private void stream(Execution execution, EventSink sink) throws InterruptedException {
        sink.open();
        ExecutionResult result =
                execution.follow((stream, text) ->
                        sink.send(
                                stream.name().toLowerCase(Locale.ROOT),
                                json(new OutputChunk(text))));
        sink.send("exit", json(ended(result)));
    }

    private ExecutionInfo ended(ExecutionResult result) {
        String status = result.status().wireName();
        metrics.record("carrel.executions", result.duration(), "status", status);
        return info(result);
    }

    private Response get(Request request) {
        Execution execution =
                sandboxes.execution(
                        Inputs.project(request),
                        Inputs.sandbox(request.path("id")),
                        Inputs.execution(request.path("execution")));
        return Response.json(200, info(execution.result()));
    }

    private static ExecutionInfo info(ExecutionResult result) {
        OptionalInt exitCode = result.exitCode();
        return new ExecutionInfo(
                result.id().value(),
                result.status().wireName(),
                exitCode.isPresent() ? Optional.of(exitCode.getAsInt()) : Optional.empty(),
                result.stdout(),
                result.stderr(),
                result.truncated(),
                result.duration().toMillis(),
                false);
    }

    private static String json(Object value) {
        try {
            return Json.strict().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write " + value.getClass() + " as JSON", e);
        }
    }
}
