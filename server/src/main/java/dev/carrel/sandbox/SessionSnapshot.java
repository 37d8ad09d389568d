package dev.carrel.sandbox;

import java.time.Instant;

/// The files of a session at one of its entries. `image` is the one that their disk is based on.
public record SessionSnapshot(SnapshotId id, String image, Instant createdAt) {}
