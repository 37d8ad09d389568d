package dev.carrel.http;

import java.time.Duration;

/// A request that the [Sweeper] looks in on. Nothing here may block.
interface Swept {
    void sweep(Duration pingEvery, Duration stallMax);

    /// The server is being closed: what would go on for long is to end.
    void closeStream();
}
