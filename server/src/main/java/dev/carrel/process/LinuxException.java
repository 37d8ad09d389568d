package dev.carrel.process;

import java.io.IOException;

/// A system call that failed. The message may hold paths of the host: it is for the operator, and
/// for clients it is mapped to a `CarrelException`.
public final class LinuxException extends IOException {
    private final Errno errno;
    private final int number;

    LinuxException(int number, String what) {
        this(Errno.of(number), number, what);
    }

    private LinuxException(Errno errno, int number, String what) {
        super(what + ": " + (errno == Errno.OTHER ? "errno " + number : errno));
        this.errno = errno;
        this.number = number;
    }

    public Errno errno() {
        return errno;
    }

    /// The number itself, for errors that [Errno] does not name.
    public int number() {
        return number;
    }
}
