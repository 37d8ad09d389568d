package dev.carrel.preview;

import dev.carrel.sandbox.SandboxId;
import java.util.OptionalInt;

/// A domain below which previews are found, and how it is reached: `port` is absent where it is the
/// scheme's own.
record PreviewOrigin(String domain, String scheme, OptionalInt port) {
    boolean isSecure() {
        return scheme.equals("https");
    }

    /// The address of one preview. Host names have no underscores, ids do.
    String url(SandboxId sandbox, int appPort) {
        String host = appPort + "-" + sandbox.value().replaceFirst("_", "-") + "." + domain;
        return scheme + "://" + host + (port.isPresent() ? ":" + port.getAsInt() : "") + "/";
    }
}
