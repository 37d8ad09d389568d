package dev.carrel.sandbox.egress;

import dev.carrel.sandbox.NetworkPolicy;

/// A connection through the proxy, which its policy can outlaw while it is open.
interface Passage {
    boolean isAllowedBy(NetworkPolicy policy);

    /// Closes it from outside; its own threads see a failed read or write.
    void cut();
}
