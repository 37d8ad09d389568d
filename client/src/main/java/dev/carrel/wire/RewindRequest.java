package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// The entry that a session shall go back to. `files` is `restore`, also when absent: they become
/// what they were then; or `none`, and they stay as they are.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record RewindRequest(long to, Optional<String> files) {
    public static RewindRequest to(long entry) {
        return new RewindRequest(entry, Optional.empty());
    }

    /// The conversation alone.
    public RewindRequest withoutFiles() {
        return new RewindRequest(to, Optional.of("none"));
    }
}
