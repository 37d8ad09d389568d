package dev.carrel.session;

/// What a message does to a turn that runs when it arrives. Without one, all are the same.
public enum Delivery {
    /// Nothing: the message starts a turn of its own, after those that wait.
    QUEUE,
    /// The turn sees the message at its next model call, and answers it too.
    STEER,
    /// The turn ends at once, keeping what it did; the message starts the next one but those that
    /// wait already.
    INTERRUPT
}
