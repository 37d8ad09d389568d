package dev.carrel.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.carrel.model.ToolSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// `memory_get`, `memory_save`, `memory_append` and `memory_search`: what outlives a session. They
/// need no sandbox.
final class MemoryTools {
    static final int LINES_MAX = 100;
    static final int LINE_CHARS_MAX = 300;
    static final int QUERY_CHARS_MAX = 500;

    private static final String SCOPE =
            "Whose: project (shared by all agents), agent (your own), user (about the user of this"
                    + " session)";
    private static final List<String> SCOPES =
            Arrays.stream(MemoryScope.values()).map(MemoryScope::wireName).toList();

    private MemoryTools() {}

    static List<Tool> all() {
        return List.of(new Get(), new Save(), new Append(), new Search());
    }

    private static MemoryScope scope(ObjectNode arguments) {
        return MemoryScope.of(arguments.path("scope").asText());
    }

    private static ToolResult written(String what, MemoryScope scope, Memory.Written written) {
        return ToolResult.ok(
                what
                        + " "
                        + scope.wireName()
                        + " memory: it is at version "
                        + written.version()
                        + " now, "
                        + written.bytes()
                        + " of "
                        + Memory.BYTES_MAX
                        + " bytes");
    }

    /// Shows a whole text.
    private static final class Get implements Tool {
        private static final ToolSpec SPEC =
                new Schema()
                        .choice("scope", SCOPES, SCOPE)
                        .spec(
                                "memory_get",
                                "Shows what was noted in earlier sessions, as it is now. What your"
                                        + " instructions show of it is as it was when this turn"
                                        + " began.",
                                "scope");

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
            MemoryScope scope = scope(arguments);
            Memory.Note note = context.memory().get(scope);
            return ToolResult.ok(
                    note.version() == 0
                            ? "there is no " + scope.wireName() + " memory yet (version 0)"
                            : scope.wireName()
                                    + " memory, version "
                                    + note.version()
                                    + ":\n"
                                    + note.text());
        }
    }

    /// Replaces a whole text.
    private static final class Save implements Tool {
        private static final ToolSpec SPEC =
                new Schema()
                        .choice("scope", SCOPES, SCOPE)
                        .number(
                                "version",
                                0,
                                Integer.MAX_VALUE,
                                "The version that memory_get showed; 0 if there was none")
                        .text("text", "The whole new text, Markdown, at most 32,768 bytes")
                        .spec(
                                "memory_save",
                                "Replaces a memory by a new text, to tidy it up or correct it. To"
                                        + " add something, use memory_append. Keep what later"
                                        + " sessions need, and never a secret.",
                                "scope",
                                "version",
                                "text");

        @Override
        public ToolSpec spec() {
            return SPEC;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public boolean resumable() {
            return true;
        }

        @Override
        public ToolResult run(ObjectNode arguments, ToolContext context) {
            MemoryScope scope = scope(arguments);
            String text = arguments.path("text").asText();
            long basedOn = arguments.path("version").asLong();
            return written("saved", scope, context.memory().save(scope, text, basedOn));
        }
    }

    /// Adds to a text.
    private static final class Append implements Tool {
        private static final ToolSpec SPEC =
                new Schema()
                        .choice("scope", SCOPES, SCOPE)
                        .text("text", "The lines to add, Markdown")
                        .spec(
                                "memory_append",
                                "Adds lines to the end of a memory, for later sessions: facts,"
                                        + " decisions, preferences; never a secret.",
                                "scope",
                                "text");

        @Override
        public ToolSpec spec() {
            return SPEC;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public boolean resumable() {
            return true;
        }

        @Override
        public ToolResult run(ObjectNode arguments, ToolContext context) {
            String text = arguments.path("text").asText();
            if (text.isBlank()) {
                return ToolResult.error("there is nothing to add: text is empty");
            }
            MemoryScope scope = scope(arguments);
            return written("added to", scope, context.memory().append(scope, text));
        }
    }

    /// Looks for lines in all texts.
    private static final class Search implements Tool {
        private static final ToolSpec SPEC =
                new Schema()
                        .text("query", "Words that a line must have, in any order and case")
                        .spec(
                                "memory_search",
                                "Finds lines in all memories of this session. Each hit is"
                                        + " scope:line:text.",
                                "query");

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
            String query = arguments.path("query").asText();
            if (query.isBlank() || query.length() > QUERY_CHARS_MAX) {
                return ToolResult.error("a query has 1 to " + QUERY_CHARS_MAX + " characters");
            }
            List<String> words = List.of(query.strip().toLowerCase(Locale.ROOT).split("\\s+"));
            var hits = new StringBuilder();
            int shown = 0;
            for (MemoryScope scope : context.memory().scopes()) {
                List<String> lines = context.memory().get(scope).text().lines().toList();
                for (int i = 0; i < lines.size(); i++) {
                    String lower = lines.get(i).toLowerCase(Locale.ROOT);
                    if (words.stream().allMatch(lower::contains) && shown++ < LINES_MAX) {
                        hits.append(scope.wireName()).append(':').append(i + 1).append(':');
                        hits.append(Excerpt.head(lines.get(i), LINE_CHARS_MAX)).append('\n');
                    }
                }
            }
            return ToolResult.ok(
                    shown == 0
                            ? "no line matches"
                            : shown > LINES_MAX
                                    ? hits + "[there are more: use more words]"
                                    : hits.toString());
        }
    }
}
