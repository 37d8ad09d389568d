package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Optional;

/// A port of a sandbox to show as a preview; to everybody if `public`, else to holders of its
/// token.
public record PortRequest(
        int port, Optional<String> label, @JsonProperty("public") Optional<Boolean> isPublic) {
    /// A private one without a label.
    public static PortRequest of(int port) {
        return new PortRequest(port, Optional.empty(), Optional.empty());
    }

    public PortRequest withLabel(String newLabel) {
        return new PortRequest(port, Optional.of(newLabel), isPublic);
    }

    public PortRequest openToAll() {
        return new PortRequest(port, label, Optional.of(true));
    }
}
