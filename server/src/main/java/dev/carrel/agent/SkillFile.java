package dev.carrel.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// Reads a SKILL.md: YAML between two lines `---`, then Markdown.
final class SkillFile {
    static final int DESCRIPTION_CHARS_MAX = 1_024;

    /// `license`, `compatibility` and `metadata` belong to the format that others share; they are
    /// for people.
    private static final Set<String> KEYS =
            Set.of(
                    "name",
                    "description",
                    "tools",
                    "allowed-tools",
                    "tags",
                    "license",
                    "compatibility",
                    "metadata");

    private static final String FENCE = "---\n";

    private final String file;
    private final String folder;
    private final Problems problems;
    private final Consumer<ToolName> toolCheck;

    /// A tool that a file names, for the check that it exists.
    record ToolName(String file, int line, String name, String where) {}

    /// `folder` is the name of the folder that the file is in, which is the skill's.
    SkillFile(String file, String folder, Problems problems, Consumer<ToolName> toolCheck) {
        this.file = file;
        this.folder = folder;
        this.problems = problems;
        this.toolCheck = toolCheck;
    }

    /// Empty when it is of no use; then there is a problem that says why.
    Optional<Skill> read(String text) {
        int end =
                text.startsWith(FENCE)
                        ? (text + "\n").indexOf("\n" + FENCE, FENCE.length() - 1)
                        : -1;
        if (end < 0) {
            problems.add(file, 1, "must begin with its name and description between lines ---");
            return Optional.empty();
        }
        String yaml = text.substring(FENCE.length(), Math.max(end + 1, FENCE.length()));
        String body = text.substring(Math.min(text.length(), end + 1 + FENCE.length()));
        try {
            Located frontmatter = Located.yaml(yaml, 1);
            if (frontmatter instanceof Located.Fields fields) {
                return skill(new Section(file, fields, "the frontmatter", problems), body.strip());
            }
            problems.add(file, 2, "the frontmatter must have keys, such as name: " + folder);
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr() + 1;
            String first = e.getOriginalMessage().lines().findFirst().orElse("");
            problems.add(file, line, "not valid YAML: " + first);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // There is no I/O in a text.
        }
        return Optional.empty();
    }

    private Optional<Skill> skill(Section section, String body) {
        section.allow(KEYS, Set.of());
        Optional<Located.Text> name = section.requiredText("name");
        Optional<Located.Text> description = section.requiredText("description");
        name.filter(text -> !text.value().equals(folder))
                .ifPresent(text ->
                        section.problem(
                                text.line(),
                                "the name \""
                                        + text.value()
                                        + "\" must be that of its folder, \""
                                        + folder
                                        + "\""));
        description
                .filter(text -> text.value().length() > DESCRIPTION_CHARS_MAX)
                .ifPresent(text ->
                        section.problem(
                                text.line(),
                                "the description has more than "
                                        + DESCRIPTION_CHARS_MAX
                                        + " characters"));
        List<String> tools = new ArrayList<>();
        for (String key : List.of("tools", "allowed-tools")) {
            for (Located.Text tool : words(section, key)) {
                toolCheck.accept(
                        new ToolName(file, tool.line(), tool.value(), "skill \"" + folder + "\""));
                tools.add(tool.value());
            }
        }
        List<String> tags = words(section, "tags").stream().map(Located.Text::value).toList();
        return description.map(text -> new Skill(folder, text.value().strip(), tools, tags, body));
    }

    /// A list, or the same as one text with commas or spaces.
    private static List<Located.Text> words(Section section, String key) {
        if (section.value(key).orElse(null) instanceof Located.Text text) {
            return List.of(text.value().split("[,\\s]+")).stream()
                    .filter(word -> !word.isEmpty())
                    .map(word -> new Located.Text(text.line(), word))
                    .toList();
        }
        return section.texts(key).orElse(List.of());
    }
}
