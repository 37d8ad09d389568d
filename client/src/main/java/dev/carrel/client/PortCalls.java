package dev.carrel.client;

import dev.carrel.wire.Listing;
import dev.carrel.wire.PortInfo;
import dev.carrel.wire.PortRequest;

/// The calls on the ports of sandboxes, which previews show.
public final class PortCalls {
    private final CarrelClient client;

    PortCalls(CarrelClient client) {
        this.client = client;
    }

    /// Registers a port; registered anew, it gets a new token and the old one opens nothing.
    public PortInfo register(String sandbox, PortRequest request) {
        return client.post(path(sandbox), request, PortInfo.class);
    }

    public Listing<PortInfo> list(String sandbox) {
        return client.list(path(sandbox), PortInfo.class);
    }

    public void remove(String sandbox, int port) {
        client.delete(path(sandbox) + "/" + port);
    }

    private static String path(String sandbox) {
        return SandboxCalls.path(sandbox) + "/ports";
    }
}
