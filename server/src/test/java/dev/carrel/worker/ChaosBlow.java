package dev.carrel.worker;

/// What goes wrong.
enum ChaosBlow {
    /// The database's disk is full, once.
    FULL,
    /// The disk is full for a while.
    LONG_FULL,
    /// Another program has locked the database.
    BUSY,
    /// The disk did not sync.
    IO_ERROR,
    /// The process dies.
    DIE,
    /// The provider's connection breaks.
    CUT,
    /// The process stands still until another one has taken its turn over and ended it.
    FREEZE
}
