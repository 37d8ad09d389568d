package dev.carrel.sandbox.oci;

import java.io.IOException;
import java.time.Duration;

/// How this process comes to speak with one pid 1. One thread uses it.
interface InitDoor extends AutoCloseable {
    /// A connection to a pid 1 that may be just starting; fails when there is none in time.
    InitChannel first(Duration wait) throws IOException, InterruptedException;

    /// A new connection after one that broke; fails only when pid 1 has ended.
    InitChannel again() throws IOException, InterruptedException;

    /// No more connections are made; those that there are stay.
    @Override
    void close() throws IOException;

    /// To a pid 1 that listens: it is called.
    static InitDoor calling(RunDirectory directory) {
        return new InitDoor() {
            @Override
            public InitChannel first(Duration wait) throws IOException, InterruptedException {
                return InitChannel.await(directory, wait);
            }

            @Override
            public InitChannel again() throws IOException {
                return InitChannel.open(directory);
            }

            @Override
            public void close() {}
        };
    }
}
