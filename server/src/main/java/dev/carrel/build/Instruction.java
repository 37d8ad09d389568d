package dev.carrel.build;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One instruction of a Dockerfile, its variables not yet filled in. `line` is where it begins,
/// `text` what is shown of it.
sealed interface Instruction {
    int line();

    String text();

    /// Begins a stage, on an image or on an earlier stage.
    record From(int line, String text, String base, Optional<String> name) implements Instruction {}

    /// Runs a command in the shell, or as it is: then `command` has several words.
    record Run(int line, String text, List<String> command, boolean isShell)
            implements Instruction {}

    /// Copies files of the context, or of a stage or image.
    record Copy(int line, String text, Options options, List<String> sources, String target)
            implements Instruction {
        /// The flags; those that are absent are empty.
        record Options(Optional<String> from, Optional<String> owner, Optional<String> mode) {}
    }

    /// Sets variables of the image, in order.
    record Env(int line, String text, List<Map.Entry<String, String>> variables)
            implements Instruction {}

    /// Declares a variable that whoever builds may set; without a default it may have no value.
    record Arg(int line, String text, String name, Optional<String> byDefault)
            implements Instruction {}

    /// Notes what is known of the image.
    record Label(int line, String text, List<Map.Entry<String, String>> labels)
            implements Instruction {}

    /// Where commands start from now on; is made.
    record Workdir(int line, String text, String path) implements Instruction {}

    /// Who commands run as from now on.
    record User(int line, String text, String user) implements Instruction {}

    /// The program that runs lines from now on.
    record Shell(int line, String text, List<String> command) implements Instruction {}

    /// Means nothing here, which is said.
    record Ignored(int line, String text, String why) implements Instruction {}
}
