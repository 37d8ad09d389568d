package dev.carrel.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.http.HttpMethod;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.session.Deployments;
import dev.carrel.session.Sessions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/// What clients of OpenAI's API find here. The callers of its routes are
/// [dev.carrel.auth.Principal]s.
public final class OpenAiRoutes {
    /// Clients send the whole conversation each time, though only its end is read.
    public static final long CHAT_BYTES_MAX = 16 << 20;

    /// How long a caller hears nothing while a call waits for somebody's word. Then the answer
    /// ends, and the turn goes on without it. OpenAI's clients give up after ten minutes.
    static final Duration APPROVAL_WAIT_MAX = Duration.ofMinutes(5);

    private OpenAiRoutes() {}

    public static List<Route> of(Sessions sessions, Deployments deployments, InstantSource clock) {
        return of(sessions, deployments, clock, APPROVAL_WAIT_MAX);
    }

    static List<Route> of(
            Sessions sessions,
            Deployments deployments,
            InstantSource clock,
            Duration approvalWait) {
        var chat = new ChatCompletions(sessions, clock, approvalWait);
        var models = new ModelList(deployments);
        return List.of(
                Route.of(
                                HttpMethod.POST,
                                "/v1/chat/completions",
                                RouteDoc.of("Run a turn of an agent, in OpenAI's form")
                                        .header(
                                                "x-session-id",
                                                "string",
                                                "The session to go on with; a new one without it")
                                        .takes(ChatBody.class)
                                        .gives(200, ObjectNode.class)
                                        .orEvents(),
                                chat::answer)
                        .withBodyBytesMax(CHAT_BYTES_MAX),
                Route.of(
                        HttpMethod.GET,
                        "/v1/models",
                        RouteDoc.of("List the deployed agents, in OpenAI's form")
                                .gives(200, ObjectNode.class),
                        models::list),
                Route.of(
                        HttpMethod.GET,
                        "/v1/models/{model}",
                        RouteDoc.of("Get a deployed agent, in OpenAI's form")
                                .gives(200, ObjectNode.class),
                        models::get));
    }
}
