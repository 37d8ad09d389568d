package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;

/// What to run: on the wire a string, which `/bin/sh -c` runs, or a list of a program and its
/// arguments. `argv` is never empty.
public record Command(List<String> argv, boolean shell) {
    private static final String SHAPE =
            "command must be a string for the shell or a list of strings, and not empty";

    public Command {
        argv = List.copyOf(argv);
        if (argv.isEmpty() || argv.get(0).isEmpty()) {
            throw new IllegalArgumentException(SHAPE);
        }
    }

    /// A line for the shell.
    public static Command line(String line) {
        return new Command(List.of("/bin/sh", "-c", line), true);
    }

    public static Command of(List<String> argv) {
        return new Command(argv, false);
    }

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Command parse(JsonNode json) {
        if (json.isTextual() && !json.textValue().isEmpty()) {
            return line(json.textValue());
        }
        var argv = new ArrayList<String>();
        for (JsonNode word : json) {
            if (!json.isArray() || !word.isTextual()) {
                throw new IllegalArgumentException(SHAPE);
            }
            argv.add(word.textValue());
        }
        return of(argv);
    }

    @JsonValue
    JsonNode toJson() {
        if (shell) {
            return JsonNodeFactory.instance.textNode(argv.get(2));
        }
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        argv.forEach(list::add);
        return list;
    }
}
