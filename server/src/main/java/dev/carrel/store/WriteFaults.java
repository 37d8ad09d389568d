package dev.carrel.store;

/// Where the writer can be made to fail, for tests of what is built on it. What [#at] throws fails
/// the transaction, or, once it is committed, only its answer. On the writer's thread.
@FunctionalInterface
interface WriteFaults {
    WriteFaults NONE = moment -> {};

    enum Moment {
        /// One work is about to run.
        WORK,
        /// All works of the transaction have run.
        COMMIT,
        /// It is durable, and nobody has been told.
        COMMITTED
    }

    void at(Moment moment);
}
