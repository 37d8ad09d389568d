package dev.carrel.tool;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/// A memory of one session, in memory.
final class FakeMemory implements Memory {
    private final Map<MemoryScope, Note> notes = new EnumMap<>(MemoryScope.class);

    @Override
    public Set<MemoryScope> scopes() {
        return EnumSet.allOf(MemoryScope.class);
    }

    @Override
    public Note get(MemoryScope scope) {
        return notes.getOrDefault(scope, new Note(0, ""));
    }

    @Override
    public Written save(MemoryScope scope, String text, long basedOn) {
        long version = get(scope).version();
        if (version != basedOn) {
            throw new CarrelException(ErrorCode.CONFLICT, "it is at version " + version);
        }
        notes.put(scope, new Note(version + 1, text));
        return new Written(version + 1, text.length());
    }

    @Override
    public Written append(MemoryScope scope, String text) {
        return save(scope, get(scope).text() + text + "\n", get(scope).version());
    }
}
