package dev.carrel.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.agent.AgentDefinition;
import dev.carrel.auth.Principal;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.session.Deployments;
import dev.carrel.store.ProjectId;
import java.util.List;

/// `GET /v1/models`: the deployed agents, which is what a caller may name as `model`.
final class ModelList {
    private final Deployments deployments;

    ModelList(Deployments deployments) {
        this.deployments = deployments;
    }

    Response list(Request request) {
        ProjectId project = request.caller(Principal.class).project();
        ObjectNode json = PartJson.object().put("object", "list");
        ArrayNode data = json.putArray("data");
        long created = created(project);
        for (AgentDefinition agent : deployments.agents(project)) {
            data.add(model(agent, project, created));
        }
        return Response.json(200, json);
    }

    /// Fails with `AGENT_NOT_FOUND`.
    Response get(Request request) {
        ProjectId project = request.caller(Principal.class).project();
        AgentDefinition agent = deployments.agent(project, request.path("model"));
        return Response.json(200, model(agent, project, created(project)));
    }

    private static ObjectNode model(AgentDefinition agent, ProjectId project, long created) {
        return PartJson.object()
                .put("id", agent.name())
                .put("object", "model")
                .put("created", created)
                .put("owned_by", project.value());
    }

    /// When the agents were deployed, in seconds; they always are together.
    private long created(ProjectId project) {
        List<Deployments.Deployment> all = deployments.list(project);
        return all.isEmpty() ? 0 : all.getFirst().createdAt().getEpochSecond();
    }
}
