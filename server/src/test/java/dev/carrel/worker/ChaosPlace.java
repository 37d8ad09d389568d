package dev.carrel.worker;

/// Where something can go wrong while a session runs. Each is reached many times.
enum ChaosPlace {
    /// A write to the database.
    WORK,
    /// A sync of the database.
    COMMIT,
    /// A write is durable, and nobody knows it yet.
    COMMITTED,
    /// A piece of the model's answer is about to be sent.
    CHUNK,
    /// A tool is about to run, and the journal says so.
    BEFORE_TOOL,
    /// A tool has run, and the journal does not say so.
    AFTER_TOOL
}
