package dev.carrel.error;

/// Who has to act on an error: the `type` of an error body.
public enum ErrorKind {
    /// The caller sent something wrong; repeating it unchanged fails again.
    USER,
    /// Something outside Carrel failed: a model provider, a registry.
    EXTERNAL,
    /// A limit was met or a resource ran out; later, or with more of it, the same call works.
    RESOURCES,
    /// A fault of Carrel itself.
    INTERNAL
}
