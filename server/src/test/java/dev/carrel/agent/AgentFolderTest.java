package dev.carrel.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Reasoning;
import dev.carrel.tool.Memory;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentFolderTest {
    private static final Set<String> TOOLS =
            Set.of("read", "write", "edit", "bash", "list", "glob", "grep");
    private static final Set<String> PROVIDERS = Set.of("anthropic", "openai");
    private static final String MINIMAL = "[{\"name\":\"coder\",\"model\":\"anthropic/claude\"}]";
    private static final String FULL =
            """
            [{"name": "coder", "role": "Engineer.", "model": "openai/org/gpt",
              "allowedTools": ["read", "gr*"], "skills": ["style"],
              "systemPrompt": "Be brief.", "maxSteps": 7, "reasoning": "medium",
              "workspace": {"scope": "user", "image": "coding", "isolation": "container",
                "resources": {"cpus": 1.5, "memory_mb": 512, "disk_mb": 1024},
                "network": {"internet": false, "allow": ["a.example", "*.b.example"],
                  "deny": ["c.example"]}},
              "approve": ["read(/etc/*)", "gr*"]},
             {"name": "other", "model": {"primary": "anthropic/claude",
                "fallbacks": ["openai/gpt", "anthropic/small"]},
              "budget": {"usd": 0.25, "tokens": 3000000000, "minutes": 1.5}}]\
            """;
    private static final String SKILL =
            """
            ---
            name: style
            description: How we write code
            tools: [read, edit]
            tags: python, style
            license: Apache-2.0
            ---

            # Style
            Be kind.
            """;

    /// A server with one level, whose operator dislikes one host.
    private static final WorkspaceCheck WORKSPACES =
            new WorkspaceCheck() {
                @Override
                public Optional<String> isolation(String level) {
                    return level.equals("container")
                            ? Optional.empty()
                            : Optional.of("no isolation \"" + level + "\" here");
                }

                @Override
                public Optional<String> network(List<String> allow, List<String> deny) {
                    return allow.size() > 2 || allow.contains("bad") || deny.contains("bad")
                            ? Optional.of("bad allow " + allow + " deny " + deny)
                            : Optional.empty();
                }
            };

    private static List<AgentDefinition> read(String... pathsAndTexts) {
        return contents(pathsAndTexts).agents();
    }

    private static AgentFolder.Contents contents(String... pathsAndTexts) {
        Map<String, byte[]> files = new HashMap<>();
        for (int i = 0; i < pathsAndTexts.length; i += 2) {
            files.put(pathsAndTexts[i], pathsAndTexts[i + 1].getBytes(StandardCharsets.UTF_8));
        }
        return AgentFolder.read(files, TOOLS, PROVIDERS, WORKSPACES);
    }

    private static String problem(String... pathsAndTexts) {
        CarrelException e = catchThrowableOfType(CarrelException.class, () -> read(pathsAndTexts));
        assertThat(e).isNotNull();
        assertThat(e.code()).isEqualTo(ErrorCode.INVALID_DEFINITION);
        return e.text();
    }

    @Test
    void nameAndModelAreEnough() {
        assertThat(read("agents.json", MINIMAL))
                .containsExactly(
                        AgentDefinition.of("coder", new ModelRef("anthropic", "claude")).build());
    }

    @Test
    void everyKeyIsRead() {
        List<AgentDefinition> agents =
                read("agents.json", FULL, "skills/style/SKILL.md", SKILL, "README.md", "whatever");
        assertThat(agents).hasSize(2);
        assertThat(agents.getFirst())
                .isEqualTo(
                        AgentDefinition.of("coder", new ModelRef("openai", "org/gpt"))
                                .role(Optional.of("Engineer."))
                                .allowedTools(List.of("read", "gr*"))
                                .skills(
                                        List.of(
                                                new Skill(
                                                        "style",
                                                        "How we write code",
                                                        List.of("read", "edit"),
                                                        List.of("python", "style"),
                                                        "# Style\nBe kind.")))
                                .systemPrompt(Optional.of("Be brief."))
                                .maxSteps(7)
                                .reasoning(Reasoning.MEDIUM)
                                .workspace(
                                        new WorkspaceSettings(
                                                Optional.of("coding"),
                                                OptionalDouble.of(1.5),
                                                OptionalInt.of(512),
                                                OptionalInt.of(1024),
                                                Optional.of(false),
                                                Optional.of("container"),
                                                List.of("a.example", "*.b.example"),
                                                List.of("c.example"),
                                                WorkspaceScope.USER))
                                .approve(List.of("read(/etc/*)", "gr*"))
                                .build());
        assertThat(agents.getLast())
                .isEqualTo(
                        AgentDefinition.of("other", new ModelRef("anthropic", "claude"))
                                .fallbacks(
                                        List.of(
                                                new ModelRef("openai", "gpt"),
                                                new ModelRef("anthropic", "small")))
                                .budget(
                                        Budget.of(
                                                Optional.of(new BigDecimal("0.25")),
                                                Optional.of(3_000_000_000L),
                                                Optional.of(new BigDecimal("1.5")),
                                                Optional.empty()))
                                .build());
    }

    @Test
    void memoryFilesAreTheFirstTextsOfMemories() {
        FolderMemory memory =
                contents(
                                "agents.json",
                                MINIMAL,
                                "memory.md",
                                "Shared.\r\n",
                                "memory/coder.md",
                                "Own.\n")
                        .memory();
        assertThat(memory)
                .isEqualTo(new FolderMemory(Optional.of("Shared.\n"), Map.of("coder", "Own.\n")));
        assertThat(contents("agents.json", MINIMAL, "memory.md", " \n").memory())
                .isEqualTo(FolderMemory.none());
        assertThat(problem("agents.json", MINIMAL, "memory.md", "x".repeat(Memory.BYTES_MAX + 1)))
                .isEqualTo("memory.md: is larger than 32 KiB");
    }

    @Test
    void aDefinitionSurvivesItsStorage() throws IOException {
        ObjectMapper json = new ObjectMapper().registerModule(new Jdk8Module());
        for (AgentDefinition agent : read("agents.json", FULL, "skills/style/SKILL.md", SKILL)) {
            String stored = json.writeValueAsString(agent);
            assertThat(json.readValue(stored, AgentDefinition.class)).isEqualTo(agent);
        }
    }

    @Test
    void theExampleIsGood() throws IOException {
        Path folder = Path.of("../examples/invoice/.carrel");
        Map<String, byte[]> files = new HashMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(folder.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        assertThat(AgentFolder.read(files, TOOLS, Set.of("scripted"), WORKSPACES).agents())
                .singleElement()
                .satisfies(agent -> assertThat(agent.skills()).hasSize(1));
    }

    @Test
    void anUnknownKeyIsPlacedAndCorrected() {
        assertThat(
                        problem(
                                "agents.json",
                                """
                                [
                                  {
                                    "name": "coder",
                                    "model": "anthropic/claude",
                                    "alowedTools": ["read"]
                                  }
                                ]\
                                """))
                .isEqualTo(
                        "agents.json:5: unknown key \"alowedTools\" in agent \"coder\"; did you"
                                + " mean \"allowedTools\"?");
    }

    @Test
    void allProblemsComeAtOnce() {
        String text =
                problem(
                        "agents.json",
                        """
                        [{"name": "a", "model": "antropic/x",
                          "allowedTools": ["raed"],
                          "skills": ["stlye"]},
                         {"name": "a", "model": "nothing",
                          "maxSteps": 0},
                         {"model": 7},
                         8]\
                        """,
                        "skills/style/SKILL.md",
                        SKILL);
        assertThat(text.lines())
                .containsExactly(
                        "agents.json:1: unknown provider \"antropic\" in agent \"a\"; did you mean"
                                + " \"anthropic\"? (configured: anthropic, openai)",
                        "agents.json:2: unknown tool \"raed\" in agent \"a\"; did you mean"
                                + " \"read\"?",
                        "agents.json:3: unknown skill \"stlye\" in agent \"a\"; did you mean"
                                + " \"style\"? (a skill is a file skills/NAME/SKILL.md)",
                        "agents.json:4: there are two agents named \"a\"",
                        "agents.json:4: model must be provider/model, not \"nothing\" in agent"
                                + " \"a\"",
                        "agents.json:5: \"maxSteps\" must be from 1 to 1000 in agent \"a\"",
                        "agents.json:6: \"name\" is missing in agent 3",
                        "agents.json:6: \"model\" must be text, not a number, in agent 3",
                        "agents.json:7: an agent must be an object, not a number");
    }

    @Test
    void veryManyProblemsAreBounded() {
        var text = new StringBuilder("[");
        for (int i = 0; i < 50; i++) {
            text.append(i == 0 ? "" : ",").append("{\"nam\":").append(i).append("}");
        }
        assertThat(problem("agents.json", text.append("]").toString()).lines())
                .hasSize(21)
                .last()
                .asString()
                .startsWith("… and ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"approve\": [\"bassh(git push*)\"] | unknown tool \"bassh\" in \"approve\" of agent",
                "\"approve\": [\"deploy_*\"] | no tool matches \"deploy_*\" in \"approve\" of agent",
                "\"approve\": [\"bash(\"] | \"bash(\" in \"approve\" of agent",
                "\"approve\": [7] | \"approve\" in agent",
                "\"approve\": \"bash\" | \"approve\" must be a list",
                "\"budget\": 5 | \"budget\" must be an object, not a number",
                "\"budget\": {\"eur\": 5} | unknown key \"eur\" in \"budget\" of agent \"a\"",
                "\"budget\": {\"usd\": 0} | \"usd\" must be above 0 with no more than 6 decimals",
                "\"budget\": {\"usd\": 0.0000001} | \"usd\" must be above 0 with no more than 6 decimals",
                "\"budget\": {\"usd\": 1000001} | \"usd\" must be from 0 to 1000000",
                "\"budget\": {\"tokens\": 1.5} | \"tokens\" must be above 0 with no more than 0 decimals",
                "\"budget\": {\"minutes\": -1} | \"minutes\" must be from 0 to 527040",
                "\"budget\": {\"minutes\": \"5\"} | \"minutes\" must be a number, not text",
                "\"delegates\": [\"b\"] | \"delegates\" is not supported yet",
                "\"mcpServers\": {} | \"mcpServers\" is not supported yet",
                "\"allowedTools\": [\"search_web\"] | tool \"search_web\" is not supported yet",
                "\"allowedTools\": [\"github_*\"] | no tool matches \"github_*\"",
                "\"allowedTools\": \"read\" | \"allowedTools\" must be a list, not text",
                "\"allowedTools\": [1] | \"allowedTools\" in agent \"a\" must hold texts, not a number",
                "\"maxSteps\": 1001 | \"maxSteps\" must be from 1 to 1000",
                "\"maxSteps\": 1.5 | \"maxSteps\" must be a whole number",
                "\"maxSteps\": 1e999999999 | \"maxSteps\" must be from 1 to 1000",
                "\"maxSteps\": \"7\" | \"maxSteps\" must be a whole number, not text",
                "\"reasoning\": \"hgih\" | \"reasoning\" must be one of off, low, medium, high",
                "\"role\": null | \"role\" must be text, not null",
                "\"role\": \"a\", \"role\": \"b\" | not valid JSON: Duplicate field 'role'",
                "\"workspace\": {\"scope\": \"agent\"} | \"scope\" must be one of session, user, shared",
                "\"workspace\": {\"isolation\": \"microvm\"} | no isolation \"microvm\" here, in \"workspace\" of agent \"a\"",
                "\"workspace\": {\"isolation\": 1} | \"isolation\" must be text, not a number",
                "\"workspace\": {\"resources\": {\"cpus\": 0}} | \"cpus\" must be from 0.05 to 256",
                "\"workspace\": {\"resources\": {\"gpu\": 1}} | unknown key \"gpu\" in \"resources\"",
                "\"workspace\": {\"network\": {\"allow\": [\"x\", \"bad\"]}} | bad allow [bad] deny [], in \"network\" of \"workspace\" of agent \"a\"",
                "\"workspace\": {\"network\": {\"deny\": [\"bad\"]}} | bad allow [] deny [bad]",
                "\"workspace\": {\"network\": {\"allow\": [\"x\", \"y\", \"z\"]}} | bad allow [x, y, z]",
                "\"workspace\": {\"network\": {\"allow\": \"x\"}} | \"allow\" must be a list, not text",
                "\"workspace\": {\"network\": {\"alow\": []}} | did you mean \"allow\"?",
                "\"workspace\": {\"network\": {\"secrets\": {}}} | \"secrets\" is not supported yet",
                "\"workspace\": {\"network\": {\"internet\": 1}} | must be true or false, not a number",
                "\"workspace\": [] | \"workspace\" must be an object, not a list",
                "\"skills\": [\"none\"] | unknown skill \"none\"",
            })
    void saysWhatIsWrongWithAnAgent(String extra, String expected) {
        String text = "[{\"name\":\"a\",\n\"model\":\"openai/x\",\n" + extra + "}]";
        assertThat(problem("agents.json", text)).startsWith("agents.json:3: ").contains(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | agents.json:1: must be a list of agents, not an object",
                "[] | agents.json:1: must hold from 1 to 100 agents",
                "[{} | agents.json:1: not valid JSON",
                "[] x | not valid JSON",
                "`` | must be a list of agents, not null",
                "[{\"name\":\"a b\",\"model\":\"openai/x\"}] | an agent's name has 1 to 64 letters",
                "[{\"name\":\"a\",\"model\":{\"primary\":\"openai/x\",\"fallback\":[]}}] |"
                        + " did you mean \"fallbacks\"?",
                "[{\"name\":\"a\",\"model\":{\"primary\":\"openai/x\",\"fallbacks\":\"y\"}}] |"
                        + " \"fallbacks\" must be a list, not text",
                "[{\"name\":\"a\",\"model\":{\"primary\":\"openai/x\",\"fallbacks\":[\"opnai/y\"]}}] |"
                        + " unknown provider \"opnai\"",
                "[{\"name\":\"a\",\"model\":{\"primary\":\"openai/x\",\"fallbacks\":[\"openai/1\","
                        + "\"openai/2\",\"openai/3\",\"openai/4\",\"openai/5\"]}}] |"
                        + " more than 4 \"fallbacks\"",
                "[{\"name\":\"a\",\"model\":{}}] | \"primary\" is missing in \"model\" of agent \"a\"",
            })
    void saysWhatIsWrongWithTheFile(String text, String expected) {
        assertThat(problem("agents.json", text)).contains(expected);
    }

    @Test
    void deepNestingIsAnError() {
        assertThat(problem("agents.json", "[".repeat(10_000))).contains("not valid JSON");
    }

    @Test
    void aMissingFileNamesTheNearest() {
        assertThat(problem("agent.json", MINIMAL))
                .isEqualTo("agents.json: is missing; did you mean \"agent.json\"?");
        assertThat(problem()).isEqualTo("agents.json: is missing");
    }

    @Test
    void bytesThatAreNoTextAreErrors() {
        assertThat(problem("agents.json", "\ufeff[]"))
                .contains(":1: begins with a byte order mark");
        assertThat(problem("agents.json", "[\n\0]")).contains(":2: has a NUL character");
        assertThat(problem("agents.json", " ".repeat(FolderFiles.FILE_BYTES_MAX + 1)))
                .isEqualTo("agents.json: is larger than 1024 KiB");
        CarrelException e =
                catchThrowableOfType(
                        CarrelException.class,
                        () ->
                                AgentFolder.read(
                                        Map.of("agents.json", new byte[] {'[', '\n', (byte) 0xe9}),
                                        TOOLS,
                                        PROVIDERS,
                                        WORKSPACES));
        assertThat(e.text()).isEqualTo("agents.json:2: is not UTF-8 text");
        assertThat(
                        catchThrowableOfType(
                                        CarrelException.class,
                                        () ->
                                                AgentFolder.read(
                                                        Map.of(
                                                                "agents.json",
                                                                new byte[] {'[', ']', (byte) 0xe2}),
                                                        TOOLS,
                                                        PROVIDERS,
                                                        WORKSPACES))
                                .text())
                .contains("is not UTF-8 text");
    }

    @Test
    void filesThatAreNotBuiltYetAreNotIgnored() {
        assertThat(problem("agents.json", MINIMAL, "triggers.json", "[]"))
                .isEqualTo("triggers.json: is not supported yet; leave it out");
        assertThat(problem("agents.json", MINIMAL, "skills/style/run.sh", ""))
                .startsWith("skills/style/run.sh: files beside SKILL.md are not supported yet");
        assertThat(problem("agents.json", MINIMAL, "memory/codr.md", "x"))
                .isEqualTo("memory/codr.md: there is no agent \"codr\"; did you mean \"coder\"?");
    }

    // Skills

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "# No frontmatter | :1: must begin with its name and description",
                "---\\nname: style | :1: must begin with its name and description",
                "---\\n---\\nx | :2: the frontmatter must have keys",
                "---\\nname: style\\n---\\nx | \"description\" is missing in the frontmatter",
                "---\\nname: stile\\ndescription: d\\n---\\nx | :2: the name \"stile\" must be that",
                "---\\nname: style\\ndescripton: d\\n---\\n | :3: unknown key \"descripton\"",
                "---\\nname: style\\ndescription: [d]\\n---\\n | \"description\" must be text",
                "---\\nname: style\\ndescription: d\\ntools: raed\\n---\\n | :4: unknown tool \"raed\" in skill",
                "---\\nname: style\\ndescription: d\\nallowed-tools:\\n- read\\n- raed\\n---\\n | :6: unknown",
                "---\\nname: style\\ndescription: a: b\\n---\\n | :3: not valid YAML",
                "---\\nname: style\\nname: style\\ndescription: d\\n---\\n | not valid YAML: Duplicate",
                "---\\nname: &a style\\ndescription: *b\\n---\\n | ",
            })
    void saysWhatIsWrongWithASkill(String text, String expected) {
        String file = text.replace("\\n", "\n");
        if (expected == null) {
            read("agents.json", MINIMAL, "skills/style/SKILL.md", file); // An alias is just text.
        } else {
            assertThat(problem("agents.json", MINIMAL, "skills/style/SKILL.md", file))
                    .startsWith("skills/style/SKILL.md:")
                    .contains(expected);
        }
    }

    @Test
    void windowsLineEndingsAreFine() {
        List<AgentDefinition> agents =
                read(
                        "agents.json", FULL.replace("\n", "\r\n"),
                        "skills/style/SKILL.md", SKILL.replace("\n", "\r\n"));
        assertThat(agents.getFirst().skills().getFirst().body()).isEqualTo("# Style\nBe kind.");
    }

    @Test
    void aBodyMayHaveRulesOfItsOwn() {
        String text = "---\nname: style\ndescription: d\n---\nabove\n\n---\nbelow";
        List<AgentDefinition> agents = read("agents.json", FULL, "skills/style/SKILL.md", text);
        assertThat(agents.getFirst().skills().getFirst().body()).isEqualTo("above\n\n---\nbelow");
    }
}
