package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/// Whether a call that waits may run: `decision` is `allow` or `deny`. The model sees the reason of
/// a denial. With `for_session`, which goes with `allow` only, calls of the same tool do not wait
/// for the same pattern again in this session.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ApprovalRequest(
        String decision, Optional<String> reason, Optional<Boolean> forSession) {
    public static ApprovalRequest allow() {
        return new ApprovalRequest("allow", Optional.empty(), Optional.empty());
    }

    public static ApprovalRequest allowForSession() {
        return new ApprovalRequest("allow", Optional.empty(), Optional.of(true));
    }

    public static ApprovalRequest deny(Optional<String> reason) {
        return new ApprovalRequest("deny", reason, Optional.empty());
    }
}
