package dev.carrel.session;

import dev.carrel.agent.AgentDefinition;
import dev.carrel.error.CarrelException;
import dev.carrel.error.ErrorCode;
import java.util.Optional;

/// A sandbox that several sessions of a project work in, one turn at a time. `name` is the owner of
/// the sandbox.
record SharedWorkspace(String name) {
    /// No id of a session begins so, and no agent's name has a colon in it.
    private static final String PREFIX = "workspace:";

    /// Of a session that is begun; empty when it is to have a sandbox of its own, or was given one.
    /// Fails with `INVALID_REQUEST` when the agent has one for each end user and there is none.
    static Optional<SharedWorkspace> of(AgentDefinition agent, NewSession session) {
        if (session.sandbox().isPresent()) {
            return Optional.empty();
        }
        return switch (agent.workspace().scope()) {
            case SESSION -> Optional.empty();
            case USER -> Optional.of(ofUser(agent, session.user().filter(u -> !u.isBlank())));
            case SHARED -> Optional.of(new SharedWorkspace(PREFIX + agent.name()));
        };
    }

    private static SharedWorkspace ofUser(AgentDefinition agent, Optional<String> user) {
        return new SharedWorkspace(
                PREFIX
                        + agent.name()
                        + ":"
                        + user.orElseThrow(() ->
                                CarrelException.ofParam(
                                        ErrorCode.INVALID_REQUEST,
                                        "user",
                                        "agent \""
                                                + agent.name()
                                                + "\" has a workspace for each end user: a session"
                                                + " needs \"user\"")));
    }

    /// Whether it is one end user's.
    boolean isOfUser() {
        return name.indexOf(':', PREFIX.length()) >= 0;
    }
}
