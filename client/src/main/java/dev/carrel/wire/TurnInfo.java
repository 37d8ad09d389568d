package dev.carrel.wire;

/// The turn that a message has queued.
public record TurnInfo(String turn, String session) {}
