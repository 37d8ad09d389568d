package dev.carrel.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Map;
import java.util.Optional;

/// A session to begin. `sandbox` is the id of an existing sandbox to work in; without it one is
/// made when the agent first needs it.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record SessionRequest(
        String agent,
        Optional<String> user,
        Map<String, String> metadata,
        Optional<String> sandbox) {
    public SessionRequest {
        metadata = Map.copyOf(metadata);
    }

    public static SessionRequest of(String agent) {
        return new SessionRequest(agent, Optional.empty(), Map.of(), Optional.empty());
    }

    public SessionRequest withSandbox(String id) {
        return new SessionRequest(agent, user, metadata, Optional.of(id));
    }
}
