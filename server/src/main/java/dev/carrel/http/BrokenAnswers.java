package dev.carrel.http;

import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorKind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the log of answers that failed after their head was sent.
final class BrokenAnswers {
    private static final Logger LOG = LoggerFactory.getLogger(BrokenAnswers.class);

    private BrokenAnswers() {}

    /// What has words for callers needs no stack: clients could fill the log with it.
    static void log(Exception e) {
        if (e instanceof CarrelException known && known.code().kind() != ErrorKind.INTERNAL) {
            LOG.warn("an answer broke off: {}", known.getMessage());
        } else {
            LOG.warn("an answer broke off", e);
        }
    }
}
