package dev.carrel.sandbox;

/// Why a sandbox was deleted, as people read it.
public record DeletionReason(String text) {
    public static final DeletionReason NONE = new DeletionReason("deleted");

    /// Its ttl has passed.
    public static final DeletionReason EXPIRED = new DeletionReason("expired");

    /// It went with a temporary server.
    public static final DeletionReason SERVER = new DeletionReason("its temporary server ended");

    public static DeletionReason byKey(String keyId) {
        return new DeletionReason("deleted by key " + keyId);
    }

    /// What it was made for is gone.
    public static DeletionReason withOwner(String owner) {
        return new DeletionReason("deleted with " + owner);
    }
}
