package dev.carrel.sandbox;

import java.util.Optional;

/// Whether the processes of a stopped sandbox go on at its next start, because its memory is saved
/// on disk; and if its memory was lost where it could have been saved, why: for people.
public record SavedMemory(boolean saved, Optional<String> lost) {
    public static final SavedMemory NONE = new SavedMemory(false, Optional.empty());
    public static final SavedMemory SAVED = new SavedMemory(true, Optional.empty());

    public static SavedMemory lost(String why) {
        return new SavedMemory(false, Optional.of(why));
    }
}
