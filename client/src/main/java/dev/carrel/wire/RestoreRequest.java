package dev.carrel.wire;

/// The snapshot whose files a sandbox shall have.
public record RestoreRequest(String snapshot) {}
