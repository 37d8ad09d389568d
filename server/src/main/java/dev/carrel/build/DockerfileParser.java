package dev.carrel.build;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.carrel.build.Dockerfile.Stage;
import dev.carrel.build.Instruction.Arg;
import dev.carrel.build.Instruction.From;
import dev.carrel.build.SourceLines.Line;
import dev.carrel.error.CarrelException;
import dev.carrel.error.Nearest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads a Dockerfile. What it does not know it refuses, with the line.
final class DockerfileParser {
    private static final String BYTE_ORDER_MARK = "\uFEFF";
    private static final Set<String> KEYWORDS =
            Set.of(
                    "FROM",
                    "RUN",
                    "COPY",
                    "ADD",
                    "ENV",
                    "ARG",
                    "LABEL",
                    "WORKDIR",
                    "USER",
                    "SHELL",
                    "CMD",
                    "ENTRYPOINT",
                    "EXPOSE",
                    "VOLUME",
                    "HEALTHCHECK",
                    "STOPSIGNAL",
                    "MAINTAINER",
                    "ONBUILD");
    private static final Pattern KEYWORD = Pattern.compile("(\\S+)(?:\\s+(.*))?", Pattern.DOTALL);
    private static final Pattern FLAG = Pattern.compile("--([a-z-]+)(?:=(\\S*))?(?:\\s+|$)");
    private static final Pattern HEREDOC = Pattern.compile("(?:^|\\s)\\d*<<-?[\"']?[A-Za-z_]");
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");
    private static final Pattern STAGE = Pattern.compile("[a-zA-Z][a-zA-Z0-9_.-]{0,63}");
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final String source;
    private final List<Arg> arguments = new ArrayList<>();
    private final List<Stage> stages = new ArrayList<>();
    private final List<Instruction> current = new ArrayList<>();

    DockerfileParser(String source) {
        this.source = source;
    }

    Dockerfile parse() {
        List<Line> lines =
                SourceLines.of(source.startsWith(BYTE_ORDER_MARK) ? source.substring(1) : source);
        if (lines.size() > Dockerfile.INSTRUCTIONS_MAX) {
            throw Words.refused(
                    lines.get(Dockerfile.INSTRUCTIONS_MAX).number(),
                    "there are more than " + Dockerfile.INSTRUCTIONS_MAX + " instructions");
        }
        Optional<From> open = Optional.empty();
        for (Line line : lines) {
            for (Instruction instruction : instructions(line)) {
                if (instruction instanceof From from) {
                    open.ifPresent(this::close);
                    open = Optional.of(from);
                } else if (open.isPresent()) {
                    current.add(instruction);
                } else if (instruction instanceof Arg argument) {
                    arguments.add(argument);
                } else {
                    throw Words.refused(line.number(), "only ARG may stand before the first FROM");
                }
            }
        }
        close(open.orElseThrow(() -> Words.refused(1, "there is no FROM")));
        return new Dockerfile(arguments, stages);
    }

    private void close(From from) {
        stages.add(new Stage(from, current));
        current.clear();
        if (stages.size() > Dockerfile.STAGES_MAX) {
            throw Words.refused(
                    from.line(), "there are more than " + Dockerfile.STAGES_MAX + " stages");
        }
    }

    private List<? extends Instruction> instructions(Line line) {
        Matcher matcher = KEYWORD.matcher(line.text());
        String keyword = matcher.matches() ? matcher.group(1).toUpperCase(Locale.ROOT) : "";
        String rest = matcher.group(2) == null ? "" : matcher.group(2).strip();
        if (!KEYWORDS.contains(keyword)) {
            throw Words.refused(
                    line.number(),
                    "%s is no instruction%s"
                            .formatted(
                                    matcher.group(1),
                                    Nearest.to(keyword, KEYWORDS)
                                            .map(near -> "; did you mean " + near + "?")
                                            .orElse("")));
        }
        if (rest.isEmpty()) {
            throw Words.refused(line.number(), keyword + " needs something after it");
        }
        var flags = new LinkedHashMap<String, String>();
        String words = flags(line, keyword, rest, flags);
        if (Set.of("RUN", "COPY", "ADD").contains(keyword) && HEREDOC.matcher(words).find()) {
            throw Words.refused(
                    line.number(), "here-documents (<<) are not supported; COPY a file instead");
        }
        return new InstructionReader(line, keyword, words, flags).read();
    }

    private static String flags(Line line, String keyword, String rest, Map<String, String> flags) {
        Set<String> known =
                switch (keyword) {
                    case "FROM" -> Set.of("platform");
                    case "COPY", "ADD" -> Set.of("from", "chown", "chmod");
                    case "HEALTHCHECK" ->
                            Set.of(
                                    "interval",
                                    "timeout",
                                    "start-period",
                                    "start-interval",
                                    "retries");
                    default -> Set.of();
                };
        String left = rest;
        for (Matcher flag = FLAG.matcher(left); flag.lookingAt(); flag = FLAG.matcher(left)) {
            if (!known.contains(flag.group(1)) || (keyword.equals("ADD") && isFrom(flag))) {
                throw Words.refused(
                        line.number(),
                        "%s --%s is not supported".formatted(keyword, flag.group(1)));
            }
            flags.put(flag.group(1), flag.group(2) == null ? "" : flag.group(2));
            left = left.substring(flag.end());
        }
        return left;
    }

    private static boolean isFrom(Matcher flag) {
        return flag.group(1).equals("from");
    }

    /// A JSON list of texts, as exec forms are.
    static Optional<List<String>> list(String text) {
        if (!text.startsWith("[")) {
            return Optional.empty();
        }
        try {
            return Optional.of(List.of(JSON.readValue(text, String[].class)));
        } catch (JsonProcessingException | NullPointerException e) {
            return Optional.empty(); // a line for the shell that begins with a bracket
        }
    }

    static String requireName(int line, String name) {
        if (!NAME.matcher(name).matches()) {
            throw Words.refused(line, "\"" + name + "\" is no name of a variable");
        }
        return name;
    }

    static String requireStage(int line, String name) {
        if (!STAGE.matcher(name).matches()) {
            throw Words.refused(line, "\"" + name + "\" is no name of a stage");
        }
        return name.toLowerCase(Locale.ROOT);
    }

    static CarrelException wrong(Line line, String usage) {
        return Words.refused(line.number(), "it is " + usage);
    }
}
