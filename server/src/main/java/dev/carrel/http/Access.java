package dev.carrel.http;

/// Who may call a route.
public enum Access {
    /// Anyone.
    OPEN,
    /// Holders of an API key.
    KEY
}
