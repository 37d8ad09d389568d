package dev.carrel.agent;

import java.util.List;
import java.util.Optional;

/// What the server's sandboxes can be, asked while a definition is read: an answer says why not,
/// and is empty if nothing is wrong.
public interface WorkspaceCheck {
    Optional<String> isolation(String level);

    Optional<String> network(List<String> allow, List<String> deny);
}
