package dev.carrel.build;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a stage leaves to the stages that begin on it, and no image keeps: its arguments, its
/// shell, and the USER that it has said last.
record StageScope(
        Map<String, String> arguments, List<String> shell, Optional<Instruction.User> user) {
    static final StageScope NONE =
            new StageScope(Map.of(), List.of("/bin/sh", "-c"), Optional.empty());

    StageScope {
        arguments = Map.copyOf(arguments);
        shell = List.copyOf(shell);
    }
}
