package dev.carrel.build;

import dev.carrel.build.Instruction.Arg;
import dev.carrel.build.Instruction.Copy;
import dev.carrel.build.Instruction.Env;
import dev.carrel.build.Instruction.From;
import dev.carrel.build.Instruction.Ignored;
import dev.carrel.build.Instruction.Label;
import dev.carrel.build.Instruction.Run;
import dev.carrel.build.Instruction.Shell;
import dev.carrel.build.Instruction.User;
import dev.carrel.build.Instruction.Workdir;
import dev.carrel.build.SourceLines.Line;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Reads what follows a keyword that is known.
final class InstructionReader {
    private static final int SHOWN_CHARS_MAX = 200;
    private static final Pattern REMOTE =
            Pattern.compile("(?i)(https?|ftp|git|ssh)://.*|git@.*", Pattern.DOTALL);
    private static final Pattern ARCHIVE =
            Pattern.compile("(?i).*\\.(tar|tar\\.(gz|bz2|xz|zst)|tgz|tbz2?|txz)");
    private static final String ARCHITECTURE =
            System.getProperty("os.arch", "").equals("aarch64") ? "arm64" : "amd64";

    private final Line line;
    private final int number;
    private final String keyword;
    private final String rest;
    private final Map<String, String> flags;

    InstructionReader(Line line, String keyword, String rest, Map<String, String> flags) {
        this.line = line;
        this.number = line.number();
        this.keyword = keyword;
        this.rest = rest;
        this.flags = flags;
    }

    /// Several for an ARG with several names.
    List<? extends Instruction> read() {
        return switch (keyword) {
            case "FROM" -> List.of(from());
            case "RUN" -> List.of(run());
            case "COPY", "ADD" -> List.of(copy());
            case "ENV" -> List.of(new Env(number, text(), pairs()));
            case "LABEL" -> List.of(new Label(number, text(), pairs()));
            case "ARG" -> arguments();
            case "WORKDIR" -> List.of(new Workdir(number, text(), rest));
            case "USER" -> List.of(new User(number, text(), rest));
            case "SHELL" -> List.of(shell());
            case "ONBUILD" -> throw Words.refused(number, "ONBUILD is not supported");
            default -> List.of(new Ignored(number, text(), whyIgnored()));
        };
    }

    private String text() {
        String all = line.text().replaceAll("\\s+", " ");
        return all.length() > SHOWN_CHARS_MAX ? all.substring(0, SHOWN_CHARS_MAX) + "…" : all;
    }

    private From from() {
        String platform = flags.getOrDefault("platform", "linux/" + ARCHITECTURE);
        if (!platform.equals("linux/" + ARCHITECTURE)) {
            throw Words.refused(
                    number,
                    "this host builds for linux/%s, not for %s".formatted(ARCHITECTURE, platform));
        }
        List<String> words = Words.split(number, rest);
        boolean named = words.size() == 3 && words.get(1).equalsIgnoreCase("as");
        if (words.size() != 1 && !named) {
            throw DockerfileParser.wrong(line, "FROM image [AS name]");
        }
        if (words.getFirst().equals("scratch")) {
            throw Words.refused(number, "there is no image scratch here; begin with minimal");
        }
        Optional<String> name =
                named
                        ? Optional.of(DockerfileParser.requireStage(number, words.get(2)))
                        : Optional.empty();
        return new From(number, text(), words.getFirst(), name);
    }

    private Run run() {
        return DockerfileParser.list(rest)
                .map(command -> new Run(number, text(), requireProgram(command), false))
                .orElseGet(() -> new Run(number, text(), List.of(rest), true));
    }

    private Shell shell() {
        List<String> command =
                DockerfileParser.list(rest)
                        .orElseThrow(() ->
                                DockerfileParser.wrong(line, "SHELL [\"program\", \"option\"]"));
        return new Shell(number, text(), requireProgram(command));
    }

    private List<String> requireProgram(List<String> command) {
        if (command.isEmpty() || command.getFirst().isEmpty()) {
            throw Words.refused(number, keyword + " names no program");
        }
        return command;
    }

    private Copy copy() {
        // Only a list takes names with spaces; a word may have quotes, which mean nothing but this.
        List<String> words = DockerfileParser.list(rest).orElseGet(() -> Words.split(number, rest));
        if (words.size() < 2) {
            throw DockerfileParser.wrong(line, keyword + " source... target");
        }
        List<String> sources = words.subList(0, words.size() - 1);
        if (keyword.equals("ADD")) {
            sources.forEach(this::requireLocal);
        }
        var options =
                new Copy.Options(
                        Optional.ofNullable(flags.get("from")),
                        Optional.ofNullable(flags.get("chown")),
                        Optional.ofNullable(flags.get("chmod")));
        return new Copy(number, text(), options, sources, words.getLast());
    }

    private void requireLocal(String source) {
        if (REMOTE.matcher(source).matches()) {
            throw Words.refused(
                    number, "ADD takes no addresses here; use RUN with curl or git instead");
        }
        if (ARCHIVE.matcher(source).matches()) {
            throw Words.refused(
                    number, "ADD unpacks nothing here; COPY %s and RUN tar".formatted(source));
        }
    }

    private List<Arg> arguments() {
        List<Arg> all = new ArrayList<>();
        for (String word : Words.split(number, rest)) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            all.add(
                    new Arg(
                            number,
                            text(),
                            DockerfileParser.requireName(number, name),
                            equals < 0
                                    ? Optional.empty()
                                    : Optional.of(word.substring(equals + 1))));
        }
        return all;
    }

    // Either name=value for each, or one name and all that follows.
    private List<Map.Entry<String, String>> pairs() {
        List<String> words = Words.split(number, rest);
        List<Map.Entry<String, String>> pairs = new ArrayList<>();
        if (words.getFirst().indexOf('=') < 0) {
            String name = words.getFirst();
            String value = rest.substring(name.length()).strip();
            if (value.isEmpty()) {
                throw DockerfileParser.wrong(line, keyword + " name=value...");
            }
            return List.of(Map.entry(requireKey(name), value));
        }
        for (String word : words) {
            int equals = word.indexOf('=');
            if (equals <= 0) {
                throw DockerfileParser.wrong(line, keyword + " name=value...");
            }
            pairs.add(Map.entry(requireKey(word.substring(0, equals)), word.substring(equals + 1)));
        }
        return pairs;
    }

    private String requireKey(String name) {
        return keyword.equals("ENV")
                ? DockerfileParser.requireName(number, name)
                : Words.expand(number, name, unknown -> null);
    }

    private String whyIgnored() {
        return switch (keyword) {
            case "CMD", "ENTRYPOINT" -> "a sandbox runs what it is asked to";
            case "EXPOSE" -> "any port of a sandbox can be previewed";
            case "VOLUME" -> "all files of a sandbox are its own";
            case "HEALTHCHECK", "STOPSIGNAL" -> "nothing runs by itself in a sandbox";
            default -> "use LABEL";
        };
    }
}
