package dev.carrel.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.carrel.model.ModelRef;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SystemPromptTest {
    private static AgentDefinition agent(String memory, Skill... skills) {
        return AgentDefinition.of("coder", new ModelRef("fake", "one"))
                .role(Optional.of("Senior engineer."))
                .allowedTools(List.of("*"))
                .skills(List.of(skills))
                .systemPrompt(Optional.of("Be brief."))
                .maxSteps(10)
                .memory(memory)
                .build();
    }

    private static Skill skill(String name, String body) {
        return new Skill(name, "About " + name, List.of("read"), List.of(), body);
    }

    @Test
    void goesFromRoleToMemory() {
        String prompt =
                SystemPrompt.of(agent("Never push.", skill("style", "Be kind.")), List.of("read"));
        assertThat(prompt)
                .startsWith("You are coder. Senior engineer.\n\nBe brief.\n\n# Environment\n")
                .contains("tools: read.", "/workspace", "internet can be reached")
                .contains("## style: About style\nTools: read\nBe kind.")
                .endsWith("# Memory\nNever push.");
    }

    @Test
    void staysTheSame() {
        assertThat(SystemPrompt.of(agent(""), List.of("read")))
                .isEqualTo(SystemPrompt.of(agent(""), List.of("read")));
    }

    @Test
    void sectionsWithoutContentAreLeftOut() {
        String prompt = SystemPrompt.of(agent(" "), List.of());
        assertThat(prompt).isEqualTo("You are coder. Senior engineer.\n\nBe brief.");
    }

    @Test
    void saysWhatTheNetworkReaches() {
        assertThat(promptWith(true, List.of(), List.of())).contains("The internet can be reached.");
        assertThat(promptWith(false, List.of("a.example"), List.of()))
                .contains("There is no network.")
                .doesNotContain("a.example");
        assertThat(promptWith(true, List.of("a.example", "*.b.example"), List.of("c.b.example")))
                .contains("only this can be reached: a.example, *.b.example, but not c.b.example.");
        List<String> many =
                IntStream.range(0, SystemPrompt.TARGETS_MAX + 5).mapToObj(i -> "h" + i).toList();
        assertThat(promptWith(true, List.of(), many)).contains(", h29 and 5 more.");
    }

    private static String promptWith(boolean internet, List<String> allow, List<String> deny) {
        AgentDefinition base = agent("");
        WorkspaceSettings usual = WorkspaceSettings.DEFAULT;
        var limited =
                base.toBuilder()
                        .workspace(
                                new WorkspaceSettings(
                                        usual.image(),
                                        usual.cpus(),
                                        usual.memoryMib(),
                                        usual.diskMib(),
                                        Optional.of(internet),
                                        usual.isolation(),
                                        allow,
                                        deny,
                                        WorkspaceScope.SESSION))
                        .memory("")
                        .build();
        return SystemPrompt.of(limited, List.of("read"));
    }

    @Test
    void longSkillsAndMemoryAreCutAndSaySo() {
        String prompt =
                SystemPrompt.of(
                        agent(
                                "m".repeat(SystemPrompt.MEMORY_CHARS_MAX + 5),
                                skill("a", "a".repeat(SystemPrompt.SKILL_CHARS_MAX + 7))),
                        List.of());
        assertThat(prompt).contains("[7 more characters cut]", "[5 more characters cut]");
    }

    @Test
    void allSkillsTogetherAreBounded() {
        Skill[] skills = new Skill[20];
        for (int i = 0; i < skills.length; i++) {
            skills[i] = skill("s" + i, "b".repeat(SystemPrompt.SKILL_CHARS_MAX));
        }
        String prompt = SystemPrompt.of(agent("", skills), List.of());
        assertThat(prompt)
                .contains("## s19: About s19", "[8000 more characters cut]")
                .hasSizeLessThan(SystemPrompt.SKILLS_CHARS_MAX + 20 * 200);
    }
}
