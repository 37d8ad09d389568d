package dev.carrel.build;

import dev.carrel.image.ImageConfig;
import dev.carrel.sandbox.ExecutionRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What the instructions of a stage have set so far, files aside. Used by one thread.
final class StageState {
    static final int VARIABLES_MAX = 128;
    static final int LABELS_MAX = 256;
    static final int BYTES_MAX = 64 << 10;

    private final Map<String, String> env;
    private final Map<String, String> arguments;
    private final Map<String, String> labels;
    private String user;
    private String directory;
    private List<String> shell;
    private Optional<Instruction.User> said;

    StageState(ImageConfig base, StageScope scope) {
        env = new LinkedHashMap<>(base.env());
        labels = new LinkedHashMap<>(base.labels());
        user = base.user();
        directory = base.workingDirectory();
        arguments = new LinkedHashMap<>(scope.arguments());
        shell = scope.shell();
        said = scope.user();
    }

    /// A word with the variables that there are now; those of the image before arguments.
    String expand(int line, String word) {
        return Words.expand(line, word, this::value);
    }

    private @Nullable String value(String name) {
        String known = env.get(name);
        if (known == null) {
            known = arguments.get(name);
        }
        // Images that say nothing have it all the same, so that it can be extended.
        return known == null && name.equals("PATH") ? ExecutionRequest.PATH_DEFAULT : known;
    }

    // All values of one instruction are those from before it.
    void env(Instruction.Env instruction) {
        env.putAll(expanded(instruction.line(), instruction.variables()));
        requireRoom(instruction.line(), "variables", env, VARIABLES_MAX);
    }

    void label(Instruction.Label instruction) {
        labels.putAll(expanded(instruction.line(), instruction.labels()));
        requireRoom(instruction.line(), "labels", labels, LABELS_MAX);
    }

    private Map<String, String> expanded(int line, List<Map.Entry<String, String>> pairs) {
        Map<String, String> values = new LinkedHashMap<>();
        for (Map.Entry<String, String> pair : pairs) {
            values.put(pair.getKey(), expand(line, pair.getValue()));
        }
        return values;
    }

    private static void requireRoom(int line, String what, Map<String, String> all, int most) {
        long bytes = 0;
        for (Map.Entry<String, String> each : all.entrySet()) {
            bytes += each.getKey().length() + each.getValue().length();
        }
        if (all.size() > most || bytes > BYTES_MAX) {
            throw Words.refused(
                    line,
                    "there are more than %d %s, or %d KiB of them"
                            .formatted(most, what, BYTES_MAX >> 10));
        }
    }

    void argument(String name, String value) {
        arguments.put(name, value);
    }

    void user(Instruction.User instruction) {
        user = expand(instruction.line(), instruction.user());
        said = Optional.of(instruction);
    }

    String user() {
        return user;
    }

    void directory(String path) {
        directory = absolute(path);
    }

    /// Where commands start and paths begin.
    String directory() {
        return directory.isEmpty() ? "/" : directory;
    }

    /// A path as the stage means it.
    String absolute(String path) {
        if (path.startsWith("/")) {
            return path;
        }
        String from = directory();
        return (from.endsWith("/") ? from : from + "/") + path;
    }

    void shell(List<String> command) {
        shell = command;
    }

    List<String> shell() {
        return shell;
    }

    /// What commands see, sorted: arguments too, where no variable has their name.
    Map<String, String> variables() {
        Map<String, String> all = new TreeMap<>(arguments);
        all.putAll(env);
        return all;
    }

    StageScope scope() {
        return new StageScope(arguments, shell, said);
    }

    ImageConfig config() {
        return new ImageConfig(env, user, directory, labels);
    }
}
