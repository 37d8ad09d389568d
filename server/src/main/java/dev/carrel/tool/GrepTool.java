package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;
import dev.carrel.sandbox.Execution.OutputListener;
import dev.carrel.sandbox.ExecutionRequest;
import dev.carrel.sandbox.ExecutionResult;
import dev.carrel.sandbox.ExecutionStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `grep`: lines by regular expression. Runs in the sandbox, so that a malicious expression costs
/// nobody else: with ripgrep, or GNU grep, or the grep that there is.
final class GrepTool implements Tool {
    static final int LINES_MAX = 1_000;
    static final int LINES_DEFAULT = 200;
    static final int LINE_CHARS_MAX = 300;
    static final int PATTERN_CHARS_MAX = 4_000;
    static final int CHARS_MAX = 30_000;
    private static final int EXIT_NOTHING_FOUND = 1;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /// Arguments: pattern, path, file name pattern or empty, `-i` or empty. The `-P` of GNU grep is
    /// next to what models write; where it is not compiled in, `-E` has to do.
    private static final String SCRIPT =
            """
            pattern=$1 path=$2 include=$3 case=$4
            set --
            [ -z "$case" ] || set -- "$@" -i
            if command -v rg >/dev/null 2>&1; then
              [ -z "$include" ] || set -- "$@" --glob "$include"
              exec rg --no-config --no-heading --with-filename --line-number --color=never \
                --sort=path --hidden --glob '!{.git,node_modules,.venv,__pycache__}' \
                "$@" -e "$pattern" -- "$path"
            fi
            if ! grep --help 2>&1 | grep -q -e --include; then
              exec grep -rnHE "$@" -e "$pattern" -- "$path"
            fi
            [ -z "$include" ] || set -- "$@" "--include=$include"
            if echo x | grep -qP x 2>/dev/null; then set -- "$@" -P; else set -- "$@" -E; fi
            exec grep -rnHI --color=never --exclude-dir=.git --exclude-dir=node_modules \
              --exclude-dir=.venv --exclude-dir=__pycache__ "$@" -e "$pattern" -- "$path"
            """;

    private static final Pattern HIT = Pattern.compile("(?s)(.*?):(\\d+):(.*)");

    private static final ToolSpec SPEC =
            new Schema()
                    .text("pattern", "A regular expression, for one line at a time")
                    .text("path", "The directory or file to search; default the working directory")
                    .text("glob", "Only files that match, for example *.py or src/**/*.ts")
                    .flag("ignore_case", "Default false")
                    .number(
                            "limit",
                            1,
                            LINES_MAX,
                            "How many lines to show; default " + LINES_DEFAULT)
                    .spec(
                            "grep",
                            "Searches files for lines. Each hit is path:line:text.",
                            "pattern");

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public boolean readOnly() {
        return true;
    }

    @Override
    public ToolResult run(ObjectNode arguments, ToolContext context) {
        String pattern = arguments.path("pattern").asText();
        String glob = arguments.path("glob").asText();
        String path = SandboxPath.resolve(context, arguments.path("path").asText("."));
        if (pattern.isEmpty() || pattern.length() > PATTERN_CHARS_MAX) {
            return ToolResult.error("a pattern has from 1 to " + PATTERN_CHARS_MAX + " characters");
        }
        if ((pattern + path + glob).indexOf('\0') >= 0) {
            return ToolResult.error("pattern, path and glob cannot have NUL characters");
        }
        Optional<Glob> filter;
        try {
            filter = glob.isEmpty() ? Optional.empty() : Optional.of(new Glob(glob));
        } catch (IllegalArgumentException e) {
            return ToolResult.error("glob is not usable: " + e.getMessage());
        }
        String narrow = glob.matches("[^/{]*") ? glob : ""; // What grep itself understands.
        String ignoreCase = arguments.path("ignore_case").asBoolean() ? "-i" : "";
        var request =
                new ExecutionRequest(
                        command(pattern, SandboxPath.show(context, path), narrow, ignoreCase),
                        context.directory(),
                        Map.of(),
                        "",
                        TIMEOUT,
                        ExecutionRequest.OUTPUT_BYTES_DEFAULT);
        ExecutionResult result = Commands.run(context, request, OutputListener.NONE);
        context.cancellation().throwIfCancelled();
        var hits = new Hits(context, path, filter, arguments.path("limit").asInt(LINES_DEFAULT));
        result.stdout().lines().forEach(hits::add);
        return result(result, hits);
    }

    private static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", SCRIPT, "sh"));
        command.addAll(List.of(arguments));
        return command;
    }

    private static ToolResult result(ExecutionResult result, Hits hits) {
        if (result.status() != ExecutionStatus.COMPLETED) {
            return ToolResult.error(
                    hits.text + "[the search ended early: " + result.status().wireName() + "]");
        }
        boolean failed = result.exitCode().orElse(0) > EXIT_NOTHING_FOUND;
        if (failed && hits.shown == 0) {
            return ToolResult.error(
                    "the search failed: " + Excerpt.head(result.stderr().strip(), CHARS_MAX / 10));
        }
        if (hits.shown == 0) {
            return ToolResult.ok("no line matches");
        }
        String note =
                hits.more || result.truncated()
                        ? "[there are more: narrow the search, or raise limit]"
                        : failed ? "[some files could not be read]" : "";
        return ToolResult.ok(hits.text + note);
    }

    /// The lines to show.
    private static final class Hits {
        final StringBuilder text = new StringBuilder();
        int shown;
        boolean more;
        private final ToolContext context;
        private final String root;
        private final Optional<Glob> filter;
        private final int limit;

        Hits(ToolContext context, String root, Optional<Glob> filter, int limit) {
            this.context = context;
            this.root = root.equals("/") ? root : root + "/";
            this.filter = filter;
            this.limit = limit;
        }

        void add(String line) {
            Matcher hit = HIT.matcher(line);
            if (!hit.matches()) {
                return;
            }
            String absolute = SandboxPath.resolve(context, hit.group(1));
            if (!wanted(absolute)) {
                return;
            }
            String path = SandboxPath.show(context, absolute);
            String shownLine =
                    path
                            + ":"
                            + hit.group(2)
                            + ":"
                            + Excerpt.head(hit.group(3), LINE_CHARS_MAX)
                            + "\n";
            if (shown >= limit || text.length() + shownLine.length() > CHARS_MAX) {
                more = true;
            } else {
                text.append(shownLine);
                shown++;
            }
        }

        /// A single file that was asked for by its own path is always wanted.
        private boolean wanted(String path) {
            return filter.isEmpty()
                    || !path.startsWith(root)
                    || filter.get().matches(path.substring(root.length()));
        }
    }
}
