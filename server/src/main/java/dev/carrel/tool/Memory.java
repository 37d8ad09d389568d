package dev.carrel.tool;

import java.util.Set;

/// What outlives a session, as the session of one tool call may see it: one Markdown text for each
/// scope. Which agent and which user follows from the session; a call cannot name others.
///
/// Everything fails with a [dev.carrel.error.CarrelException] whose text a model can act on.
public interface Memory {
    /// Of one text, in UTF-8.
    int BYTES_MAX = 32 << 10;

    /// `version` counts the changes of this text; 0 is none yet, with an empty text.
    record Note(long version, String text) {}

    /// What became of a change.
    record Written(long version, int bytes) {}

    /// The scopes that there are in this session.
    Set<MemoryScope> scopes();

    Note get(MemoryScope scope);

    /// Replaces the text if its version is still `basedOn`. The same call again changes nothing and
    /// gives the first answer.
    Written save(MemoryScope scope, String text, long basedOn);

    /// Adds lines to the end. The same call again changes nothing and gives the first answer.
    Written append(MemoryScope scope, String text);
}
