package dev.carrel.api;

import dev.carrel.auth.Principal;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.session.ApprovalDecision;
import dev.carrel.session.PendingApproval;
import dev.carrel.session.SessionApprovals;
import dev.carrel.wire.ApprovalInfo;
import dev.carrel.wire.ApprovalRequest;

/// `/v1/sessions/{id}/approvals`.
final class ApprovalRoutes {
    private final SessionApprovals approvals;
    private final Idempotency once;

    ApprovalRoutes(SessionApprovals approvals, Idempotency once) {
        this.approvals = approvals;
        this.once = once;
    }

    Route decide() {
        return once.post(
                "/v1/sessions/{id}/approvals/{call}",
                RouteDoc.of("Say whether a tool call that waits may run")
                        .takes(ApprovalRequest.class),
                this::decide);
    }

    private Response decide(Request request) {
        Principal caller = request.caller(Principal.class);
        ApprovalDecision decision = decision(request.json(ApprovalRequest.class));
        approvals.decide(
                caller.project(),
                Inputs.session(request.path("id")),
                request.path("call"),
                decision.byKey(caller.keyId()));
        return Response.noContent();
    }

    private static ApprovalDecision decision(ApprovalRequest body) {
        boolean allowed =
                switch (body.decision()) {
                    case "allow" -> true;
                    case "deny" -> false;
                    default -> throw wrong("decision", "decision must be \"allow\" or \"deny\"");
                };
        boolean forSession = body.forSession().orElse(false);
        if (forSession && !allowed) {
            throw wrong("for_session", "for_session goes with \"allow\" only");
        }
        return new ApprovalDecision(allowed, forSession, body.reason().orElse(""));
    }

    private static CarrelException wrong(String param, String message) {
        return CarrelException.ofParam(ErrorCode.INVALID_REQUEST, param, message);
    }

    static ApprovalInfo info(PendingApproval pending) {
        return new ApprovalInfo(
                pending.callId(),
                pending.tool(),
                pending.arguments(),
                pending.pattern(),
                pending.requestedAt());
    }
}
