package dev.carrel.build;

import dev.carrel.image.PartsHash;

/// Stands for all that has made the files after a step: the same key, the same files, as far as
/// commands do the same again.
record StepKey(String hex) {
    /// Goes up when what steps do changes.
    private static final String VERSION = "1";

    static StepKey ofBase(String identity) {
        return new StepKey("").then("FROM", VERSION, identity);
    }

    /// After one more step, of which `parts` are all that decides.
    StepKey then(String... parts) {
        return new StepKey(new PartsHash().add(hex).add(parts).hex());
    }
}
