package dev.carrel.openai;

import dev.carrel.auth.Principal;
import dev.carrel.error.ErrorCode;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.session.Sessions;
import dev.carrel.store.ProjectId;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/// `POST /v1/chat/completions`: starts a turn and shows it to whoever asked for it.
final class ChatCompletions {
    /// How long an answer that will be streamed may wait for something to say, so that a turn that
    /// fails at once is answered with the status of its error.
    private static final Duration FIRST_PART_WAIT = Duration.ofSeconds(10);

    /// How long a caller that does not stream may wait for the turn's end.
    private static final Duration WHOLE_WAIT_MAX = Duration.ofHours(1);

    private final Sessions sessions;
    private final InstantSource clock;
    private final Duration approvalWait;

    ChatCompletions(Sessions sessions, InstantSource clock, Duration approvalWait) {
        this.sessions = sessions;
        this.clock = clock;
        this.approvalWait = approvalWait;
    }

    Response answer(Request request) throws InterruptedException {
        ChatBody body = request.lenientJson(ChatBody.class);
        ChatTask task = ChatTask.of(body, request.header("x-session-id"));
        ProjectId project = request.caller(Principal.class).project();
        FollowedTurn turn = FollowedTurn.start(sessions, project, task, approvalWait);
        var head = new AnswerHead(turn.session(), turn.turn(), task.agent(), clock.instant());
        Response response =
                body.wantsStream()
                        ? streamed(turn, task, new Chunks(head, request.id(), body.wantsUsage()))
                        : whole(turn, new Completion(head), request.id());
        // Clients repeat by themselves what fails with 5xx: that would start another turn.
        return response.withHeader("x-session-id", turn.session().value())
                .withHeader("x-turn-id", turn.turn().value())
                .withHeader("x-should-retry", "false");
    }

    private static Response streamed(FollowedTurn turn, ChatTask task, Chunks chunks)
            throws InterruptedException {
        boolean handedOver = false;
        try {
            List<Part> first = next(turn, System.nanoTime() + FIRST_PART_WAIT.toNanos());
            if (!first.isEmpty() && first.getLast() instanceof Part.Failure failure) {
                return failed(failure, chunks.requestId());
            }
            handedOver = true;
            return Response.events(new TurnStream(turn, chunks, task.onDisconnect(), first));
        } finally {
            if (!handedOver) {
                turn.close();
            }
        }
    }

    private static Response whole(FollowedTurn turn, Completion completion, String requestId)
            throws InterruptedException {
        long deadline = System.nanoTime() + WHOLE_WAIT_MAX.toNanos();
        try (turn) {
            while (true) {
                List<Part> parts = next(turn, deadline);
                if (parts.isEmpty()) {
                    return failed(tookTooLong(turn), requestId);
                }
                parts.forEach(completion::add);
                if (parts.getLast() instanceof Part.End end) {
                    return Response.json(200, completion.json(end));
                } else if (parts.getLast() instanceof Part.Failure failure) {
                    return failed(failure, requestId);
                }
            }
        }
    }

    /// The next parts; none once `deadline` has passed.
    private static List<Part> next(FollowedTurn turn, long deadline) throws InterruptedException {
        while (true) {
            long rest = deadline - System.nanoTime();
            List<Part> parts = rest > 0 ? turn.next(Duration.ofNanos(rest)) : List.of();
            if (!parts.isEmpty() || rest <= 0) {
                return parts;
            }
        }
    }

    private static Part.Failure tookTooLong(FollowedTurn turn) {
        return new Part.Failure(
                ErrorCode.UNAVAILABLE,
                "turn "
                        + turn.turn()
                        + " goes on, but has not ended within "
                        + WHOLE_WAIT_MAX.toHours()
                        + " h: stream it, or read the events of session "
                        + turn.session());
    }

    private static Response failed(Part.Failure failure, String requestId) {
        return Response.json(failure.code().httpStatus(), PartJson.error(failure, requestId));
    }
}
