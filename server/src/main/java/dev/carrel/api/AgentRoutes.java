package dev.carrel.api;

import static dev.carrel.http.HttpMethod.GET;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.AgentFolder;
import dev.carrel.agent.Skill;
import dev.carrel.http.Request;
import dev.carrel.http.Response;
import dev.carrel.http.Route;
import dev.carrel.http.RouteDoc;
import dev.carrel.sandbox.Sandboxes;
import dev.carrel.session.Deployments;
import dev.carrel.session.MemoryName;
import dev.carrel.wire.AgentInfo;
import dev.carrel.wire.DeploymentInfo;
import dev.carrel.wire.Listing;
import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Deployments and the agents in them.
final class AgentRoutes {
    private final Deployments deployments;
    private final WorkspaceRules workspaces;
    private final ApiSettings settings;
    private final Idempotency once;

    AgentRoutes(
            Deployments deployments, Sandboxes sandboxes, ApiSettings settings, Idempotency once) {
        this.deployments = deployments;
        this.workspaces = new WorkspaceRules(sandboxes);
        this.settings = settings;
        this.once = once;
    }

    List<Route> routes() {
        return List.of(
                once.post(
                                "/v1/deployments",
                                RouteDoc.of("Deploy a .carrel folder, packed as tar.gz")
                                        .takesBytes("application/gzip")
                                        .gives(201, DeploymentInfo.class),
                                this::deploy)
                        .withBodyBytesMax(AgentsArchive.PACKED_BYTES_MAX),
                Route.of(
                        GET,
                        "/v1/deployments",
                        RouteDoc.of("List deployments, newest first")
                                .gives(200, Lists.of(DeploymentInfo.class)),
                        this::list),
                Route.of(
                        GET,
                        "/v1/agents",
                        RouteDoc.of("List the agents of the newest deployment")
                                .gives(200, Lists.of(AgentInfo.class)),
                        this::agents),
                Route.of(
                        GET,
                        "/v1/agents/{name}",
                        RouteDoc.of("Read an agent").gives(200, AgentInfo.class),
                        this::agent));
    }

    private Response deploy(Request request) {
        Map<String, byte[]> files = AgentsArchive.read(new ByteArrayInputStream(request.bytes()));
        AgentFolder.Contents folder =
                AgentFolder.read(files, settings.tools(), settings.providers(), workspaces);
        Deployments.Deployed deployed =
                deployments.deploy(Inputs.project(request), folder.agents(), folder.memory());
        List<String> kept = deployed.memoriesKept().stream().map(AgentRoutes::file).toList();
        return Response.json(201, info(deployed.deployment(), kept));
    }

    private Response list(Request request) {
        List<DeploymentInfo> all =
                deployments.list(Inputs.project(request)).stream()
                        .map(made -> info(made, List.of()))
                        .toList();
        return Response.json(200, Listing.whole(all));
    }

    private Response agents(Request request) {
        List<AgentInfo> all =
                deployments.agents(Inputs.project(request)).stream()
                        .map(AgentRoutes::info)
                        .toList();
        return Response.json(200, Listing.whole(all));
    }

    private Response agent(Request request) {
        return Response.json(
                200, info(deployments.agent(Inputs.project(request), request.path("name"))));
    }

    private static String file(MemoryName name) {
        return name.equals(MemoryName.PROJECT) ? "memory.md" : "memory/" + name.name() + ".md";
    }

    private static DeploymentInfo info(Deployments.Deployment deployment, List<String> kept) {
        return new DeploymentInfo(
                deployment.version(), deployment.createdAt(), deployment.agents(), kept);
    }

    private static AgentInfo info(AgentDefinition agent) {
        return new AgentInfo(
                agent.name(),
                agent.role(),
                agent.model().toString(),
                agent.allowedTools(),
                agent.skills().stream().map(Skill::name).toList(),
                agent.maxSteps(),
                agent.reasoning().name().toLowerCase(Locale.ROOT));
    }
}
