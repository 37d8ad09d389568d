package dev.carrel.session;

import static dev.carrel.session.SessionFixture.OTHER_PROJECT;
import static dev.carrel.session.SessionFixture.PROJECT;
import static dev.carrel.session.SessionFixture.agent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.agent.Skill;
import dev.carrel.agent.WorkspaceScope;
import dev.carrel.agent.WorkspaceSettings;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Reasoning;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeploymentsTest {
    @TempDir Path home;
    private SessionFixture fixture;
    private Deployments deployments;

    @BeforeEach
    void open() {
        fixture = new SessionFixture(home); // deploys version 1 with the agent "coder"
        deployments = fixture.deployments;
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void deploymentReplacesAllAgentsAndCountsUp() {
        Instant first = fixture.clock.instant();
        fixture.clock.tick(Duration.ofMinutes(1));
        var second = deployments.deploy(PROJECT, List.of(agent("writer"), agent("reviewer")));

        assertThat(second.version()).isEqualTo(2);
        assertThat(deployments.agents(PROJECT)).containsExactly(agent("writer"), agent("reviewer"));
        assertThat(deployments.list(PROJECT))
                .containsExactly(
                        new Deployments.Deployment(
                                2, fixture.clock.instant(), List.of("writer", "reviewer")),
                        new Deployments.Deployment(1, first, List.of("coder")));
        assertThat(deployments.newest(PROJECT)).hasValue(2);
        assertThat(deployments.agent(PROJECT, "coder", 1)).isEqualTo(agent("coder"));
        assertCode(ErrorCode.AGENT_NOT_FOUND, () -> deployments.agent(PROJECT, "coder"));
    }

    @Test
    void definitionComesBackWhole() {
        var full =
                AgentDefinition.of("full", ModelRef.parse("openrouter/a/b"))
                        .role(Optional.of("Rôle"))
                        .allowedTools(List.of("read", "mcp_*"))
                        .skills(
                                List.of(
                                        new Skill(
                                                "s",
                                                "d",
                                                List.of("bash"),
                                                List.of("t"),
                                                "# Body\n")))
                        .systemPrompt(Optional.of("prompt"))
                        .maxSteps(7)
                        .reasoning(Reasoning.HIGH)
                        .workspace(
                                new WorkspaceSettings(
                                        Optional.of("coding"),
                                        OptionalDouble.of(1.5),
                                        OptionalInt.of(512),
                                        OptionalInt.empty(),
                                        Optional.of(false),
                                        Optional.of("gvisor"),
                                        List.of("a.example"),
                                        List.of("*.b.example"),
                                        WorkspaceScope.SESSION))
                        .memory("memory")
                        .build();
        deployments.deploy(PROJECT, List.of(full));

        assertThat(deployments.agent(PROJECT, "full")).isEqualTo(full);
    }

    /// What version 0.1 stored.
    @Test
    void anOldDefinitionLoads() {
        deployments.deploy(PROJECT, List.of(agent("old")));
        fixture.store.write(handle ->
                handle.createUpdate("update agents set definition = :old where name = 'old'")
                        .bind(
                                "old",
                                """
                                {"name":"old","role":null,"model":{"provider":"p","name":"m"},
                                 "allowedTools":["bash"],"skills":[],"systemPrompt":null,
                                 "maxSteps":5,"reasoning":"OFF","workspace":{"image":null,
                                 "cpus":null,"memoryMib":null,"diskMib":null,"internet":false},
                                 "memory":""}
                                """)
                        .execute());
        WorkspaceSettings workspace = deployments.agent(PROJECT, "old").workspace();
        assertThat(workspace.internet()).contains(false);
        assertThat(workspace.isolation()).isEmpty();
        assertThat(workspace.allow()).isEmpty();
        assertThat(workspace.deny()).isEmpty();
    }

    @Test
    void projectsDoNotSeeEachOther() {
        assertThat(deployments.agents(OTHER_PROJECT)).isEmpty();
        assertThat(deployments.list(OTHER_PROJECT)).isEmpty();
        assertThatThrownBy(() -> deployments.agent(OTHER_PROJECT, "coder"))
                .hasMessageContaining("no agent is deployed yet");
        assertThat(deployments.deploy(OTHER_PROJECT, List.of(agent("x"))).version()).isEqualTo(1);
    }

    @Test
    void emptyOversizedOrAmbiguousDeploymentsAreRefused() {
        assertCode(ErrorCode.INVALID_DEFINITION, () -> deployments.deploy(PROJECT, List.of()));
        assertCode(
                ErrorCode.INVALID_DEFINITION,
                () -> deployments.deploy(PROJECT, List.of(agent("a"), agent("a"))));
        assertThat(deployments.newest(PROJECT)).hasValue(1);
    }

    private static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CarrelException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
