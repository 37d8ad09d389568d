package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.CommandInput;
import dev.carrel.sandbox.Execution;
import dev.carrel.sandbox.ExecutionId;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.Hold;
import dev.carrel.sandbox.OutputKept;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.sandbox.TerminalSize;
import dev.carrel.store.ProjectId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Terminals in sandboxes: executions that a WebSocket shows. The connection may come and go.
final class TerminalRoutes {
    private static final String ENV = "env.";

    /// The best shell that there is.
    private static final String SHELL =
            "SHELL=$(command -v bash || command -v sh); export SHELL; exec \"$SHELL\"";

    private final Sandboxes sandboxes;

    TerminalRoutes(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    List<Route> routes() {
        return List.of(
                Route.of(
                        GET,
                        "/v1/sandboxes/{id}/terminal",
                        RouteDoc.of("Open a terminal, or one that is open, as a WebSocket")
                                .query("cols", "integer", "Its width, 80 if absent")
                                .query("rows", "integer", "Its height, 24 if absent")
                                .query("command", "string", "A line for the shell, not a shell")
                                .query(
                                        "cwd",
                                        "string",
                                        "Where it begins, as the image says or in /workspace if absent")
                                .query(
                                        "user",
                                        "string",
                                        "Who it belongs to, as the image says or root if absent")
                                .query("env.{name}", "string", "A variable of its environment")
                                .query("id", "string", "An open terminal's id, to see it again")
                                .query("from", "integer", "The byte to begin with, 0 if absent"),
                        this::open));
    }

    private Response open(Request request) {
        ProjectId project = Inputs.project(request);
        SandboxId sandbox = Inputs.sandbox(request.path("id"));
        long from = request.number("from", 0, 0, Long.MAX_VALUE);
        Optional<TerminalSize> size = size(request);
        // Refused as an answer, before there is a socket that could only close.
        Response.requireWebSocket(request);
        Execution terminal =
                request.query("id")
                        .map(id -> find(project, sandbox, id))
                        .orElseGet(() -> start(project, sandbox, request, size));
        return Response.webSocket(
                request,
                socket -> {
                    try (Hold hold = sandboxes.hold(project, sandbox)) {
                        size.ifPresent(terminal::resize);
                        new TerminalSession(terminal, hold, socket, from).run();
                    }
                });
    }

    private Execution find(ProjectId project, SandboxId sandbox, String id) {
        return sandboxes.execution(project, sandbox, Inputs.execution(id));
    }

    private Execution start(
            ProjectId project, SandboxId sandbox, Request request, Optional<TerminalSize> size) {
        var command =
                new ExecutionRequest(
                        List.of("/bin/sh", "-c", request.query("command").orElse(SHELL)),
                        ExecutionInputs.cwd(request.query("cwd")),
                        environment(request),
                        new CommandInput.Terminal(size.orElse(TerminalSize.DEFAULT)),
                        ExecutionRequest.LIFE_MAX,
                        new OutputKept.Last(),
                        request.query("user"));
        // What keeps the sandbox awake is who looks at it.
        return sandboxes.startInBackground(project, sandbox, ExecutionId.next(), command);
    }

    private static Map<String, String> environment(Request request) {
        var environment = new HashMap<String, String>();
        request.query()
                .forEach((name, value) -> {
                    if (name.startsWith(ENV)) {
                        environment.put(name.substring(ENV.length()), value);
                    }
                });
        return environment;
    }

    /// Present if the request names any of it.
    private static Optional<TerminalSize> size(Request request) {
        if (request.query("cols").isEmpty() && request.query("rows").isEmpty()) {
            return Optional.empty();
        }
        TerminalSize byDefault = TerminalSize.DEFAULT;
        return Optional.of(
                new TerminalSize(
                        (int) request.number("cols", byDefault.columns(), 1, TerminalSize.MAX),
                        (int) request.number("rows", byDefault.rows(), 1, TerminalSize.MAX)));
    }
}
