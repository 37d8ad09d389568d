package dev.carrel.auth;

import dev.carrel.store.ProjectId;

/// Who calls: a key, and the project it belongs to.
public record Principal(ProjectId project, String keyId) {}
