package dev.carrel.session;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import dev.carrel.store.Cursor;
import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import dev.carrel.store.Store;
import dev.carrel.tool.Excerpt;
import dev.carrel.tool.Memory;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;

/// The memories of all projects. Any thread may call it.
public final class Memories {
    /// Of one project.
    public static final int MEMORIES_MAX = 10_000;

    /// Texts of one memory, the current one included; older ones are forgotten.
    public static final int TEXTS_KEPT = 20;

    /// Of so many changes it is known which tool call made them.
    static final int VERSIONS_KEPT = 1_000;

    /// Of one memory, in a prompt.
    public static final int PROMPT_CHARS_MAX = 10_000;

    private static final int USER_CHARS_MAX = 256;

    private final Store store;
    private final InstantSource clock;

    Memories(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    /// Who changes something: the API, or a tool call of a session.
    public record Author(String name, Optional<String> call) {
        public static final Author API = new Author("api", Optional.empty());

        /// `started` is the number of the entry that says that the call was started.
        public static Author call(SessionId session, long started) {
            return new Author(session.value(), Optional.of(session + "/" + started));
        }
    }

    public Optional<StoredMemory> find(ProjectId project, MemoryName name) {
        return store.read(handle -> MemoryRows.find(handle, project, name));
    }

    /// Fails with `MEMORY_NOT_FOUND`.
    public StoredMemory get(ProjectId project, MemoryName name) {
        return store.read(handle -> require(handle, project, name));
    }

    /// As it was in an earlier version. Fails with `MEMORY_NOT_FOUND`.
    public StoredMemory get(ProjectId project, MemoryName name, long version) {
        return store.read(handle ->
                MemoryRows.version(handle, require(handle, project, name), version)
                        .orElseThrow(() ->
                                new CarrelException(
                                        ErrorCode.MEMORY_NOT_FOUND,
                                        "version "
                                                + version
                                                + " of "
                                                + name
                                                + " is not there: the last "
                                                + TEXTS_KEPT
                                                + " are kept")));
    }

    /// In the order of their making, newest first.
    public Page<StoredMemory> list(ProjectId project, int limit, Optional<String> cursor) {
        Page.checkLimit(limit);
        Cursor before = Cursor.parse(cursor);
        List<StoredMemory> found =
                store.read(handle -> MemoryRows.list(handle, project, before, limit + 1));
        return Page.of(found, limit, memory -> Cursor.of(memory.createdAt(), memory.id()));
    }

    /// Those whose text is kept, newest first.
    public List<StoredMemory.Version> versions(ProjectId project, MemoryName name) {
        return store.read(
                handle -> MemoryRows.versions(handle, require(handle, project, name).id()));
    }

    /// Writes a text, whatever is there; with `tag`, only if that is the [StoredMemory#tag] of what
    /// is there, else it fails with `PRECONDITION_FAILED`.
    public StoredMemory put(ProjectId project, MemoryName name, String text, Optional<String> tag) {
        return store.write(handle -> {
            Optional<StoredMemory> found = MemoryRows.find(handle, project, name);
            requireTag(found, name, tag);
            return write(handle, project, name, found, change(text, Author.API));
        });
    }

    /// The versions go with it. Fails with `MEMORY_NOT_FOUND`, and like [#put].
    public void delete(ProjectId project, MemoryName name, Optional<String> tag) {
        store.write(handle -> {
            StoredMemory found = require(handle, project, name);
            requireTag(Optional.of(found), name, tag);
            MemoryRows.delete(handle, found);
            return found;
        });
    }

    /// Replaces a text if its version is still `basedOn`, 0 for none; else fails with `CONFLICT`.
    public Memory.Written save(
            ProjectId project, MemoryName name, String text, long basedOn, Author author) {
        return once(
                project,
                name,
                author,
                found -> {
                    long version = found.map(StoredMemory::version).orElse(0L);
                    if (version != basedOn) {
                        throw new CarrelException(
                                ErrorCode.CONFLICT,
                                name
                                        + " is at version "
                                        + version
                                        + ", not "
                                        + basedOn
                                        + ": read it again, and save what becomes of both");
                    }
                    return text;
                });
    }

    /// Adds lines to the end.
    public Memory.Written append(ProjectId project, MemoryName name, String text, Author author) {
        return once(
                project,
                name,
                author,
                found -> {
                    String before = found.map(StoredMemory::text).orElse("");
                    String end = before.isEmpty() || before.endsWith("\n") ? "" : "\n";
                    return before + end + text.strip() + "\n";
                });
    }

    /// What a turn is told that begins now; empty when there is nothing. A memory that is too long
    /// for it is cut.
    public String prompt(ProjectId project, String agent, Optional<String> user) {
        List<String> parts = new ArrayList<>();
        store.read(handle -> {
            parts.clear();
            part(handle, project, MemoryName.PROJECT, "Shared by all agents", parts);
            part(handle, project, MemoryName.agent(agent), "Your own", parts);
            user.ifPresent(
                    name -> part(handle, project, MemoryName.user(name), "About this user", parts));
            return parts.size();
        });
        return String.join("\n\n", parts);
    }

    private static void part(
            Handle handle, ProjectId project, MemoryName name, String title, List<String> into) {
        MemoryRows.find(handle, project, name)
                .map(memory -> memory.text().strip())
                .filter(text -> !text.isEmpty())
                .ifPresent(text ->
                        into.add("## " + title + "\n" + Excerpt.head(text, PROMPT_CHARS_MAX)));
    }

    private Memory.Written once(
            ProjectId project,
            MemoryName name,
            Author author,
            Function<Optional<StoredMemory>, String> text) {
        return store.write(handle -> {
            Optional<Memory.Written> before =
                    author.call().flatMap(call -> MemoryRows.written(handle, call));
            if (before.isPresent()) {
                return before.get();
            }
            Optional<StoredMemory> found = MemoryRows.find(handle, project, name);
            StoredMemory now =
                    write(handle, project, name, found, change(text.apply(found), author));
            return new Memory.Written(now.version(), now.bytes());
        });
    }

    private MemoryRows.Change change(String text, Author author) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        var change = new MemoryRows.Change(text, author.name(), author.call(), now);
        if (change.bytes() > Memory.BYTES_MAX) {
            throw new CarrelException(
                    ErrorCode.BODY_TOO_LARGE,
                    "the memory would have "
                            + change.bytes()
                            + " bytes, the limit is "
                            + Memory.BYTES_MAX
                            + ": save a shorter text");
        }
        return change;
    }

    private static StoredMemory write(
            Handle handle,
            ProjectId project,
            MemoryName name,
            Optional<StoredMemory> found,
            MemoryRows.Change change) {
        if (found.isPresent()) {
            return MemoryRows.update(handle, project, found.get(), change);
        }
        if (name.name().length() > USER_CHARS_MAX) {
            throw CarrelException.ofParam(
                    ErrorCode.INVALID_REQUEST,
                    "user",
                    "user has more than " + USER_CHARS_MAX + " characters");
        }
        if (MemoryRows.count(handle, project) >= MEMORIES_MAX) {
            throw new CarrelException(
                    ErrorCode.TOO_MANY_MEMORIES,
                    "project "
                            + project
                            + " has "
                            + MEMORIES_MAX
                            + " memories, the most it may have: delete some");
        }
        return MemoryRows.insert(handle, project, name, change);
    }

    private static StoredMemory require(Handle handle, ProjectId project, MemoryName name) {
        return MemoryRows.find(handle, project, name)
                .orElseThrow(() ->
                        new CarrelException(
                                ErrorCode.MEMORY_NOT_FOUND, "there is nothing in " + name));
    }

    private static void requireTag(
            Optional<StoredMemory> found, MemoryName name, Optional<String> tag) {
        boolean asBefore = tag.isEmpty() || found.map(StoredMemory::tag).equals(tag);
        if (!asBefore) {
            throw new CarrelException(
                    ErrorCode.PRECONDITION_FAILED,
                    name + " has changed since you read it: read it again");
        }
    }
}
