package dev.carrel.preview;

import dev.carrel.sandbox.SandboxId;

/// What the name of a host says: a port of a sandbox, below one of the domains.
record PreviewHost(SandboxId sandbox, int port, PreviewOrigin origin) {}
