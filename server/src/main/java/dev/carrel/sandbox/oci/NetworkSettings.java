package dev.carrel.sandbox.oci;

import dev.carrel.sandbox.ClosedRanges;
import java.util.Optional;

/// `subnet`, such as `10.20.0.0/20`, is where the sandboxes' addresses come from; one that nothing
/// on the host uses is found otherwise. `closed` says which private ranges rules may open.
public record NetworkSettings(Optional<String> subnet, ClosedRanges closed) {
    public static final NetworkSettings DEFAULT =
            new NetworkSettings(Optional.empty(), ClosedRanges.DEFAULT);
}
