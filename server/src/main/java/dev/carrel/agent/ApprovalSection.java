package dev.carrel.agent;

import dev.carrel.agent.SkillFile.ToolName;
import dev.carrel.tool.ApprovalPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Reads `approve` of an agent: which of its calls wait for somebody's word.
final class ApprovalSection {
    static final int PATTERNS_MAX = 64;

    private ApprovalSection() {}

    static List<String> read(Section section, Consumer<ToolName> toolCheck) {
        List<String> patterns = new ArrayList<>();
        for (Located.Text text : section.texts("approve").orElse(List.of())) {
            Optional<ApprovalPattern> pattern = ApprovalPattern.parse(text.value());
            if (pattern.isEmpty()) {
                section.problem(
                        text.line(),
                        "\"%s\" in \"approve\" of %s is no pattern: a tool, then perhaps its main argument in brackets, such as \"bash(git push*)\", at most %d characters"
                                .formatted(
                                        text.value(), section.where(), ApprovalPattern.CHARS_MAX));
            } else {
                String tool = pattern.get().tool();
                toolCheck.accept(
                        new ToolName(
                                AgentsFile.NAME,
                                text.line(),
                                tool,
                                "\"approve\" of " + section.where()));
                patterns.add(text.value());
            }
        }
        if (patterns.size() > PATTERNS_MAX) {
            section.problem(
                    section.line(),
                    "\"approve\" of %s has more than %d patterns"
                            .formatted(section.where(), PATTERNS_MAX));
        }
        return patterns.stream().distinct().toList();
    }
}
