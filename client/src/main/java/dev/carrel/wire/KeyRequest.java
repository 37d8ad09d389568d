package dev.carrel.wire;

/// An API key to make.
public record KeyRequest(String name) {}
