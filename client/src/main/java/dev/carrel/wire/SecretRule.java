package dev.carrel.wire;

import java.util.Optional;

/// A header that requests to one host get on their way out of the sandbox, which never sees it.
/// Answers show `***` as `value`; sent back, that keeps what there is. Without `insecure` it is
/// added inside TLS only.
public record SecretRule(String header, String value, Optional<Boolean> insecure) {
    @Override
    public String toString() {
        return "SecretRule[" + header + ", ***]";
    }
}
