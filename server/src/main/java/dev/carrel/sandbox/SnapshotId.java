package dev.carrel.sandbox;

import dev.carrel.store.Ids;

/// Names one snapshot, for ever. Safe as a file name.
public record SnapshotId(String value) {
    public SnapshotId {
        if (!Ids.isId("snp", value)) {
            throw new IllegalArgumentException("not a snapshot id");
        }
    }

    public static SnapshotId next() {
        return new SnapshotId(Ids.next("snp"));
    }

    @Override
    public String toString() {
        return value;
    }
}
