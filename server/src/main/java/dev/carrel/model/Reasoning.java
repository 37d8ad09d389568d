package dev.carrel.model;

/// How much a model should think before it answers; an adapter maps it to what its provider
/// understands.
public enum Reasoning {
    OFF,
    LOW,
    MEDIUM,
    HIGH
}
