package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// The entry up to which a new session shall have the past of another one; without `at`, it has all
/// of it. `files` is `restore`, also when absent: it gets the files as they were then; or `none`.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record SessionForkRequest(Optional<Long> at, Optional<String> files) {
    public static SessionForkRequest ofNow() {
        return new SessionForkRequest(Optional.empty(), Optional.empty());
    }

    public static SessionForkRequest at(long entry) {
        return new SessionForkRequest(Optional.of(entry), Optional.empty());
    }

    /// The conversation alone.
    public SessionForkRequest withoutFiles() {
        return new SessionForkRequest(at, Optional.of("none"));
    }
}
