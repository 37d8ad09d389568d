package dev.carrel.tool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which calls wait for somebody's word: `deploy_*` is all calls of these tools, `bash(git push*)`
/// those whose command line, or one of the commands in it, is like that, `write(/etc/*)` those
/// whose path leads there. `*` stands for any characters, `/` among them.
///
/// In doubt a call matches: a line that is too complex to take apart, or in which a shell would put
/// what could make it match; a tool that has no argument to look at. It is a seat belt all the
/// same, since what a shell will do cannot be read from a line, and a link inside the sandbox can
/// give any file another path.
public final class ApprovalPattern {
    public static final int CHARS_MAX = 512;

    private static final Pattern SYNTAX =
            Pattern.compile("([A-Za-z0-9_.-]+\\*?|\\*)(?:\\((.+)\\))?", Pattern.DOTALL);

    private final String text;
    private final String tool;
    private final Optional<String> argument;

    private ApprovalPattern(String text, String tool, Optional<String> argument) {
        this.text = text;
        this.tool = tool;
        this.argument = argument;
    }

    /// Empty for what is none: a tool (exact name, `prefix_*` or `*`), then perhaps a pattern of
    /// its main argument in brackets, [#CHARS_MAX] characters in all.
    public static Optional<ApprovalPattern> parse(String text) {
        Matcher match = SYNTAX.matcher(text);
        return text.length() <= CHARS_MAX && match.matches()
                ? Optional.of(
                        new ApprovalPattern(
                                text, match.group(1), Optional.ofNullable(match.group(2))))
                : Optional.empty();
    }

    /// The pattern of the tool's name.
    public String tool() {
        return tool;
    }

    /// `arguments` has passed the schema of `spec`; relative paths start in `directory`.
    public boolean matches(ToolSpec spec, ObjectNode arguments, String directory) {
        return Wildcard.matches(tool, spec.name())
                && (argument.isEmpty()
                        || matches(argument.get(), spec.parameters(), arguments, directory));
    }

    private static boolean matches(
            String wanted, JsonNode schema, ObjectNode arguments, String directory) {
        JsonNode properties = schema.path("properties");
        if (properties.has("command")) {
            return ShellText.mentions(
                    arguments.path("command").asText(), line -> Wildcard.mayMatch(wanted, line));
        }
        if (properties.has("path")) {
            return path(wanted, arguments.path("path").asText("."), directory);
        }
        for (JsonNode required : schema.path("required")) {
            JsonNode value = arguments.path(required.asText());
            if (value.isTextual()) {
                return Wildcard.matches(wanted, value.asText());
            }
        }
        return true;
    }

    /// `..` is taken both as it is and as it would be without links.
    private static boolean path(String wanted, String path, String directory) {
        String whole =
                wanted.startsWith("/") || wanted.startsWith("*")
                        ? wanted
                        : SandboxPath.resolve(directory, wanted);
        String absolute = SandboxPath.resolve(directory, path);
        return Wildcard.matches(whole, absolute)
                || Wildcard.matches(whole, SandboxPath.withoutParents(absolute));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ApprovalPattern that && that.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /// As it was written.
    @Override
    public String toString() {
        return text;
    }
}
