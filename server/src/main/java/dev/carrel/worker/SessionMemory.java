package dev.carrel.worker;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.session.Memories;
import dev.carrel.session.MemoryName;
import dev.carrel.session.Session;
import dev.carrel.session.StoredMemory;
import dev.carrel.tool.Memory;
import dev.carrel.tool.MemoryScope;
import java.util.EnumSet;
import java.util.Set;

/// The memories that a tool call reaches: those of its session's project, agent and user.
///
/// In a session of an end user, only that user's can be written. What is shared is read by other
/// users' sessions, and would carry what this one knows over to them.
final class SessionMemory implements Memory {
    private final Memories memories;
    private final Session session;
    private final Memories.Author author;

    SessionMemory(Memories memories, Session session, Memories.Author author) {
        this.memories = memories;
        this.session = session;
        this.author = author;
    }

    @Override
    public Set<MemoryScope> scopes() {
        return session.user().isPresent()
                ? EnumSet.allOf(MemoryScope.class)
                : EnumSet.of(MemoryScope.PROJECT, MemoryScope.AGENT);
    }

    @Override
    public Note get(MemoryScope scope) {
        return memories.find(session.project(), name(scope))
                .map(SessionMemory::note)
                .orElse(new Note(0, ""));
    }

    private static Note note(StoredMemory memory) {
        return new Note(memory.version(), memory.text());
    }

    @Override
    public Written save(MemoryScope scope, String text, long basedOn) {
        return memories.save(session.project(), writable(scope), text, basedOn, author);
    }

    @Override
    public Written append(MemoryScope scope, String text) {
        return memories.append(session.project(), writable(scope), text, author);
    }

    private MemoryName name(MemoryScope scope) {
        return switch (scope) {
            case PROJECT -> MemoryName.PROJECT;
            case AGENT -> MemoryName.agent(session.agent());
            case USER ->
                    session.user()
                            .map(MemoryName::user)
                            .orElseThrow(() ->
                                    new CarrelException(
                                            ErrorCode.CONFLICT,
                                            "this session has no user, so there is no user"
                                                    + " memory: use agent or project"));
        };
    }

    private MemoryName writable(MemoryScope scope) {
        if (session.user().isPresent() && scope != MemoryScope.USER) {
            throw new CarrelException(
                    ErrorCode.FORBIDDEN,
                    "this session is one of an end user's: it can read "
                            + scope.wireName()
                            + " memory, which other users' sessions read, too, but write user"
                            + " memory only");
        }
        return name(scope);
    }
}
