package dev.carrel.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.carrel.agent.SkillFile.ToolName;
import dev.carrel.model.ModelRef;
import dev.carrel.model.Reasoning;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// Reads `agents.json`.
final class AgentsFile {
    static final String NAME = "agents.json";
    static final int AGENTS_MAX = 100;

    private static final String AGENT_NAME = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}";
    private static final Set<String> KEYS =
            Set.of(
                    "name",
                    "role",
                    "model",
                    "allowedTools",
                    "skills",
                    "systemPrompt",
                    "maxSteps",
                    "reasoning",
                    "workspace",
                    "approve",
                    "budget");
    private static final Set<String> LATER = Set.of("delegates", "mcpServers");
    private static final Set<String> REASONING =
            Set.copyOf(Arrays.stream(Reasoning.values()).map(AgentsFile::lower).toList());

    private final Map<String, Skill> skills;
    private final Set<String> providers;
    private final Consumer<ToolName> toolCheck;
    private final WorkspaceCheck workspaceCheck;
    private final Problems problems;

    AgentsFile(
            Map<String, Skill> skills,
            Set<String> providers,
            Consumer<ToolName> toolCheck,
            WorkspaceCheck workspaceCheck,
            Problems problems) {
        this.skills = skills;
        this.providers = providers;
        this.toolCheck = toolCheck;
        this.workspaceCheck = workspaceCheck;
        this.problems = problems;
    }

    private static String lower(Reasoning reasoning) {
        return reasoning.name().toLowerCase(Locale.ROOT);
    }

    /// The agents that can be understood; what is wrong with the others is reported.
    List<AgentDefinition> read(String text) {
        Located root;
        try {
            root = Located.json(text);
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
            problems.add(NAME, line, "not valid JSON: " + e.getOriginalMessage());
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // There is no I/O in a text.
        }
        if (!(root instanceof Located.Items list)) {
            problems.add(NAME, root.line(), "must be a list of agents, not " + root.kind());
            return List.of();
        }
        if (list.items().isEmpty() || list.items().size() > AGENTS_MAX) {
            problems.add(NAME, root.line(), "must hold from 1 to " + AGENTS_MAX + " agents");
            return List.of();
        }
        List<AgentDefinition> agents = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < list.items().size(); i++) {
            if (list.items().get(i) instanceof Located.Fields fields) {
                agent(fields, i + 1, names).ifPresent(agents::add);
            } else {
                Located item = list.items().get(i);
                problems.add(NAME, item.line(), "an agent must be an object, not " + item.kind());
            }
        }
        return agents;
    }

    private Optional<AgentDefinition> agent(Located.Fields fields, int number, Set<String> names) {
        String label =
                fields.fields().get("name") instanceof Located.Field(_, Located.Text text)
                        ? "agent \"" + text.value() + "\""
                        : "agent " + number;
        var section = new Section(NAME, fields, label, problems);
        section.allow(KEYS, LATER);
        Optional<Located.Text> name = section.requiredText("name");
        name.ifPresent(text -> checkName(section, text, names));
        Optional<ModelRef> model = model(section);
        List<ModelRef> fallbacks = fallbacks(section);
        Budget budget = BudgetSection.orNone(section.section("budget"));
        var settings =
                section.section("workspace")
                        .map(part -> WorkspaceSection.read(part, workspaceCheck));
        List<String> tools = tools(section);
        List<Skill> used = usedSkills(section);
        Reasoning reasoning = reasoning(section);
        int maxSteps =
                section.integer("maxSteps", 1, AgentDefinition.MAX_STEPS_MAX)
                        .orElse(AgentDefinition.MAX_STEPS_DEFAULT);
        List<String> approve = ApprovalSection.read(section, toolCheck);
        Optional<String> role = section.text("role").map(Located.Text::value);
        Optional<String> prompt = section.text("systemPrompt").map(Located.Text::value);
        if (name.isEmpty() || model.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                AgentDefinition.of(name.get().value(), model.get())
                        .role(role)
                        .allowedTools(tools)
                        .skills(used)
                        .systemPrompt(prompt)
                        .maxSteps(maxSteps)
                        .reasoning(reasoning)
                        .approve(approve)
                        .workspace(settings.orElse(WorkspaceSettings.DEFAULT))
                        .fallbacks(fallbacks)
                        .budget(budget)
                        .build());
    }

    private static void checkName(Section section, Located.Text name, Set<String> names) {
        if (!name.value().matches(AGENT_NAME)) {
            section.problem(
                    name.line(),
                    "an agent's name has 1 to 64 letters, digits, _, . and -, and begins with a"
                            + " letter or digit");
        } else if (!names.add(name.value())) {
            section.problem(name.line(), "there are two agents named \"" + name.value() + "\"");
        }
    }

    private Optional<ModelRef> model(Section section) {
        Optional<Section> object = models(section);
        object.ifPresent(models -> models.allow(Set.of("primary", "fallbacks"), Set.of()));
        Optional<Located.Text> name =
                object.map(models -> models.requiredText("primary"))
                        .orElseGet(() -> section.requiredText("model"));
        return name.flatMap(text -> model(section, text));
    }

    private List<ModelRef> fallbacks(Section section) {
        List<Located.Text> names =
                models(section).flatMap(models -> models.texts("fallbacks")).orElse(List.of());
        if (names.size() > AgentDefinition.FALLBACKS_MAX) {
            section.problem(
                    names.getFirst().line(),
                    "there are more than %d \"fallbacks\" in %s"
                            .formatted(AgentDefinition.FALLBACKS_MAX, section.where()));
        }
        return names.stream().flatMap(name -> model(section, name).stream()).distinct().toList();
    }

    private static Optional<Section> models(Section section) {
        return section.value("model").orElse(null) instanceof Located.Fields
                ? section.section("model")
                : Optional.empty();
    }

    private Optional<ModelRef> model(Section section, Located.Text name) {
        ModelRef model;
        try {
            model = ModelRef.parse(name.value());
        } catch (IllegalArgumentException e) {
            section.problem(name.line(), e.getMessage() + " in " + section.where());
            return Optional.empty();
        }
        if (!providers.contains(model.provider())) {
            section.problem(
                    name.line(),
                    "unknown provider \""
                            + model.provider()
                            + "\" in "
                            + section.where()
                            + Problems.hint(model.provider(), providers)
                            + (providers.isEmpty()
                                    ? "; none is configured"
                                    : " (configured: "
                                            + String.join(
                                                    ", ", providers.stream().sorted().toList())
                                            + ")"));
        }
        return Optional.of(model);
    }

    private List<String> tools(Section section) {
        Optional<List<Located.Text>> tools = section.texts("allowedTools");
        if (tools.isEmpty()) {
            return AgentDefinition.TOOLS_DEFAULT;
        }
        for (Located.Text tool : tools.get()) {
            toolCheck.accept(new ToolName(NAME, tool.line(), tool.value(), section.where()));
        }
        return tools.get().stream().map(Located.Text::value).distinct().toList();
    }

    private List<Skill> usedSkills(Section section) {
        List<Skill> used = new ArrayList<>();
        for (Located.Text name : section.texts("skills").orElse(List.of())) {
            Skill skill = skills.get(name.value());
            if (skill == null) {
                section.problem(
                        name.line(),
                        "unknown skill \""
                                + name.value()
                                + "\" in "
                                + section.where()
                                + Problems.hint(name.value(), skills.keySet())
                                + " (a skill is a file skills/NAME/SKILL.md)");
            } else if (!used.contains(skill)) {
                used.add(skill);
            }
        }
        return used;
    }

    private static Reasoning reasoning(Section section) {
        Optional<Located.Text> text = section.text("reasoning");
        if (text.isPresent() && !REASONING.contains(text.get().value())) {
            section.problem(
                    text.get().line(),
                    "\"reasoning\" must be one of off, low, medium, high in " + section.where());
            return Reasoning.OFF;
        }
        return text.map(value -> Reasoning.valueOf(value.value().toUpperCase(Locale.ROOT)))
                .orElse(Reasoning.OFF);
    }
}
