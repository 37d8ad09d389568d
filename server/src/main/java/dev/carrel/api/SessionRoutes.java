package dev.carrel.api;

import static dev.carrel.http.HttpMethod.DELETE;
import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.agent.Budget;
import dev.carrel.agent.StopReason;
import dev.carrel.agent.TurnId;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.model.Cost;
import dev.carrel.model.Usage;
import dev.carrel.sandbox.Sandbox;
import dev.carrel.sandbox.SandboxId;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.Delivery;
import dev.carrel.session.NewSession;
import dev.carrel.session.Session;
import dev.carrel.session.SessionFiles;
import dev.carrel.session.SessionId;
import dev.carrel.session.SessionState;
import dev.carrel.session.Sessions;
import dev.carrel.session.TurnInput;
import dev.carrel.store.ProjectId;
import dev.carrel.wire.ApprovalInfo;
import dev.carrel.wire.MessageRequest;
import dev.carrel.wire.SessionInfo;
import dev.carrel.wire.SessionRequest;
import dev.carrel.wire.TurnInfo;
import dev.carrel.wire.UsageInfo;
import java.util.List;
import java.util.Optional;

/// `/v1/sessions`, without their events.
final class SessionRoutes {
    /// A message of the largest size that sessions take, all of it escaped.
    private static final long MESSAGE_BYTES_MAX = 8 << 20;

    private final Sessions sessions;
    private final Sandboxes sandboxes;
    private final SessionFiles files;
    private final Idempotency once;

    SessionRoutes(ApiServices services, Idempotency once) {
        this.sessions = services.sessions();
        this.sandboxes = services.sandboxes();
        this.files = new SessionFiles(sessions, sandboxes);
        this.once = once;
    }

    List<Route> routes() {
        return List.of(
                once.post(
                        "/v1/sessions",
                        RouteDoc.of("Begin a session")
                                .takes(SessionRequest.class)
                                .gives(201, SessionInfo.class),
                        this::create),
                Route.of(
                        GET,
                        "/v1/sessions",
                        RouteDoc.of("List sessions, newest first")
                                .gives(200, Lists.of(SessionInfo.class))
                                .query("limit", "integer", "How many at most, 50 if absent")
                                .query("cursor", "string", "The next_cursor of the list before"),
                        this::list),
                Route.of(
                        GET,
                        "/v1/sessions/{id}",
                        RouteDoc.of("Read a session").gives(200, SessionInfo.class),
                        this::get),
                Route.of(
                        DELETE,
                        "/v1/sessions/{id}",
                        RouteDoc.of("Delete a session, its journal and the sandbox made for it"),
                        this::delete),
                once.post(
                                "/v1/sessions/{id}/messages",
                                RouteDoc.of(
                                                "Begin a turn, which runs without a connection, or steer the one that runs")
                                        .takes(MessageRequest.class)
                                        .gives(202, TurnInfo.class),
                                this::send)
                        .withBodyBytesMax(MESSAGE_BYTES_MAX),
                once.post(
                        "/v1/sessions/{id}/interrupt",
                        RouteDoc.of("Stop the session's current turn soon"),
                        this::interrupt),
                new ApprovalRoutes(sessions.approvals(), once).decide());
    }

    private static SessionId id(Request request) {
        return Inputs.session(request.path("id"));
    }

    /// A sandbox of one end user is not for the session of another.
    private static void requireFor(Optional<String> user, Sandbox sandbox) {
        Optional<String> its = sandbox.spec().user();
        if (user.isPresent() && its.isPresent() && !its.equals(user)) {
            throw CarrelException.ofParam(
                    ErrorCode.CONFLICT,
                    "sandbox",
                    "sandbox " + sandbox.id() + " belongs to another end user");
        }
    }

    private Response create(Request request) {
        SessionRequest body = request.json(SessionRequest.class);
        ProjectId project = Inputs.project(request);
        Optional<SandboxId> sandbox = body.sandbox().map(Inputs::sandbox);
        sandbox.ifPresent(id -> requireFor(body.user(), sandboxes.get(project, id)));
        var wanted = new NewSession(body.agent(), body.user(), body.metadata(), sandbox);
        return Response.json(201, info(sessions.create(project, wanted), List.of()));
    }

    private Response list(Request request) {
        return Response.json(
                200,
                Lists.from(
                        sessions.list(
                                Inputs.project(request),
                                Inputs.limit(request),
                                request.query("cursor")),
                        session -> info(session, List.of())));
    }

    private Response get(Request request) {
        ProjectId project = Inputs.project(request);
        Session session = sessions.get(project, id(request));
        List<ApprovalInfo> approvals =
                sessions.approvals().pending(project, session.id()).stream()
                        .map(ApprovalRoutes::info)
                        .toList();
        return Response.json(200, info(session, approvals));
    }

    private Response delete(Request request) {
        files.deleteSession(Inputs.project(request), id(request));
        return Response.noContent();
    }

    private Response send(Request request) {
        MessageRequest body = request.json(MessageRequest.class);
        Delivery delivery = delivery(body.mode().orElse("queue"));
        if (body.content().isBlank()) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST, "content", "content must not be blank");
        }
        SessionId id = id(request);
        TurnId turn =
                sessions.send(
                        Inputs.project(request),
                        id,
                        TurnInput.ofMessage(body.content()).within(budget(body)),
                        delivery);
        return Response.json(202, new TurnInfo(turn.value(), id.value()));
    }

    private static Budget budget(MessageRequest body) {
        return body.budget()
                .map(limits ->
                        Budget.requested(
                                limits.usd(), limits.tokens(), limits.minutes(), limits.steps()))
                .orElse(Budget.NONE);
    }

    private static Delivery delivery(String mode) {
        return switch (mode) {
            case "queue" -> Delivery.QUEUE;
            case "steer" -> Delivery.STEER;
            case "interrupt" -> Delivery.INTERRUPT;
            default ->
                    throw CarrelException.ofParam(
                            ErrorCode.INVALID_REQUEST,
                            "mode",
                            "mode must be \"queue\", \"steer\" or \"interrupt\"");
        };
    }

    private Response interrupt(Request request) {
        sessions.interrupt(Inputs.project(request), id(request));
        return Response.noContent();
    }

    static SessionInfo info(Session session, List<ApprovalInfo> approvals) {
        Usage usage = session.usage();
        return new SessionInfo(
                session.id().value(),
                session.agent(),
                session.user(),
                session.metadata(),
                session.state().wireName(),
                session.sandbox().map(SandboxId::value),
                session.stopReason().map(StopReason::wireName),
                new UsageInfo(
                        usage.inputTokens(),
                        usage.outputTokens(),
                        usage.cacheReadTokens(),
                        usage.cacheWriteTokens(),
                        usage.reasoningTokens(),
                        usage.cacheHitRate(),
                        usage.cost().map(Cost::usd)),
                session.lastEvent(),
                session.createdAt(),
                session.updatedAt(),
                approvals,
                session.state() == SessionState.QUEUED && session.workspaceBusy()
                        ? Optional.of("workspace")
                        : Optional.empty());
    }
}
