package dev.carrel.model;

import java.time.Duration;

/// How long a provider may take. `firstByte` counts from sending the request to the first byte of
/// the answer's body, in which a reasoning model may think in silence; `stall` is the longest
/// silence after it; `piece` is the longest time, from sending the request on, without a piece of
/// the answer, whatever else keeps the connection alive; `call` bounds everything, further attempts
/// and the pauses between them included. `answerBytesMax` is the longest answer read, in bytes on
/// the wire.
record CallLimits(
        Duration connect,
        Duration firstByte,
        Duration stall,
        Duration piece,
        Duration call,
        int answerBytesMax) {
    static final CallLimits DEFAULT =
            new CallLimits(
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(2),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(30),
                    16 << 20); // far above what any model writes; the journal takes it all

    /// The longest error body read; the rest is not looked at.
    static final int ERROR_BYTES_MAX = 64 << 10;
}
