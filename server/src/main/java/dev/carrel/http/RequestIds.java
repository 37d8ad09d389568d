package dev.carrel.http;

import java.util.concurrent.ThreadLocalRandom;

/// Names requests. They only have to be told apart in a log, not to be hard to guess.
final class RequestIds {
    private RequestIds() {}

    static String next() {
        long bits = ThreadLocalRandom.current().nextLong();
        return "req_" + Long.toUnsignedString(bits, Character.MAX_RADIX);
    }
}
