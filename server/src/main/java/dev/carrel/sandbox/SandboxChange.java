package dev.carrel.sandbox;

import java.util.function.UnaryOperator;

/// What to make of a sandbox's spec. Image, isolation, user and owner stay. With `renewsTtl` the
/// ttl counts from now, also where it stays the same.
public record SandboxChange(UnaryOperator<SandboxSpec> spec, boolean renewsTtl) {}
