package dev.carrel.wire;

import java.time.Instant;
import java.util.Optional;

/// What is remembered beyond a session: `scope` is `project`, `agent` or `user`, `name` the agent
/// or the end user. `version` counts the changes. `tag` is the ETag: with `If-Match`, a change is
/// made only if nobody else has made one meanwhile. `updated_by` is `deployment`, `api`, or the id
/// of the session that wrote it. Lists leave the text out.
public record MemoryInfo(
        String scope,
        Optional<String> name,
        long version,
        String tag,
        Optional<String> text,
        long bytes,
        String updatedBy,
        Instant createdAt,
        Instant updatedAt) {}
