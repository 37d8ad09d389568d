package dev.carrel.build;

import dev.carrel.build.Instruction.Arg;
import dev.carrel.build.Instruction.From;
import java.util.List;

/// What to build: stages one after the other, of which the last one becomes the image. `arguments`
/// stand before the first stage and count in the names of its images.
record Dockerfile(List<Arg> arguments, List<Stage> stages) {
    static final int BYTES_MAX = 1 << 18;
    static final int INSTRUCTIONS_MAX = 256;
    static final int STAGES_MAX = 32;

    Dockerfile {
        arguments = List.copyOf(arguments);
        stages = List.copyOf(stages);
    }

    /// What stands from one FROM to the next.
    record Stage(From from, List<Instruction> instructions) {
        Stage {
            instructions = List.copyOf(instructions);
        }
    }

    /// Fails with `INVALID_DEFINITION`, naming the line.
    static Dockerfile parse(String text) {
        return new DockerfileParser(text).parse();
    }

    /// How many steps there are to tell of.
    int steps() {
        return stages.stream().mapToInt(stage -> 1 + stage.instructions().size()).sum();
    }
}
