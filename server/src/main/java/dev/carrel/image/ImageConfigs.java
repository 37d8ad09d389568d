package dev.carrel.image;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/// What images say of their commands, taken with care: as much of it as every execution could say
/// itself.
final class ImageConfigs {
    static final int VARIABLES_MAX = 128;
    static final int BYTES_MAX = 64 << 10;
    static final int LABELS_MAX = 256;

    private static final int USER_CHARS_MAX = 128;
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");

    private ImageConfigs() {}

    /// `env` is a list of `NAME=value`; what is not is left out, and what is too much.
    static ImageConfig of(JsonNode env, String user, String workingDirectory, JsonNode labels) {
        Map<String, String> variables = new LinkedHashMap<>();
        long bytes = 0;
        for (JsonNode each : env) {
            String text = each.asText();
            int equals = text.indexOf('=');
            bytes += text.length();
            if (equals > 0
                    && VARIABLE.matcher(text.substring(0, equals)).matches()
                    && text.indexOf('\0') < 0
                    && variables.size() < VARIABLES_MAX
                    && bytes <= BYTES_MAX) {
                variables.put(text.substring(0, equals), text.substring(equals + 1));
            }
        }
        boolean isPath =
                workingDirectory.startsWith("/")
                        && workingDirectory.length() < 4096
                        && workingDirectory.indexOf('\0') < 0;
        boolean isUser = user.length() <= USER_CHARS_MAX && user.matches("[\\w.-]+(:[\\w.-]+)?");
        return new ImageConfig(
                variables, isUser ? user : "", isPath ? workingDirectory : "", labels(labels));
    }

    private static Map<String, String> labels(JsonNode labels) {
        Map<String, String> found = new LinkedHashMap<>();
        long bytes = 0;
        for (Map.Entry<String, JsonNode> label : labels.properties()) {
            String value = label.getValue().asText();
            bytes += label.getKey().length() + value.length();
            if (found.size() < LABELS_MAX && bytes <= BYTES_MAX) {
                found.put(label.getKey(), value);
            }
        }
        return found;
    }
}
