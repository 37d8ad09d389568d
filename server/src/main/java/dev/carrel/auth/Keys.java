package dev.carrel.auth;

import dev.carrel.store.Page;
import dev.carrel.store.ProjectId;
import java.time.Instant;
import java.util.Optional;

/// API keys. Only a hash is stored: the key itself is shown once, when it is made.
public final class Keys {
    /// A stored key; `hint` is its last four characters.
    public record Key(String id, ProjectId project, String name, String hint, Instant createdAt) {}

    /// A new key with its only copy in plain text.
    public record NewKey(Key key, String secret) {}

    /// Makes the project `default` if there is no project.
    public ProjectId ensureDefaultProject() {
        throw new IllegalStateException("not built yet");
    }

    public NewKey create(ProjectId project, String name) {
        throw new IllegalStateException("not built yet");
    }

    public Page<Key> list(ProjectId project, int limit, Optional<String> cursor) {
        throw new IllegalStateException("not built yet");
    }

    /// Takes effect at once. Fails with `KEY_NOT_FOUND`.
    public void revoke(ProjectId project, String keyId) {
        throw new IllegalStateException("not built yet");
    }

    /// Empty for anything but a valid key.
    public Optional<Principal> authenticate(String secret) {
        throw new IllegalStateException("not built yet");
    }
}
